/* A node of a session: it is planned anew for the shapes of each call, then its twin runs. */
#ifndef POSETRACK_ONNXRUNTIME_NODE_H
#define POSETRACK_ONNXRUNTIME_NODE_H

#include "../ops/call.h"
#include "runtime.h"

namespace posetrack {

class Node {
  public:
    const DeviceOp& device;

    Node(const DeviceOp& device, const OrtKernelInfo* info)
        : device(device),
          slots_(device.op.slots.count),
          allocator_(nullptr, device.api.ReleaseAllocator) {
        read_attributes(info);
        read_element_types(info);
        OrtAllocator* allocator = nullptr;
        check(device.api, device.api.KernelInfoGetAllocator(info, OrtMemTypeDefault, &allocator));
        allocator_.reset(allocator);
    }

    void compute(OrtKernelContext* context) const {
        const OrtApi& api = device.api;
        const Op& op = device.op;
        std::vector<Value> values = slots_;
        std::vector<Shape> shapes;
        std::vector<const void*> inputs;
        std::vector<void*> outputs;
        for (size_t i = 0; i < op.inputs.count; i++) {
            const OrtValue* tensor = nullptr;
            check(api, api.KernelContext_GetInput(context, i, &tensor));
            shapes.push_back(shape_of(api, tensor));
            inputs.push_back(address_of(api, tensor));
        }
        read_sizes(op, shapes, values.data());
        check_shapes(op, shapes, values.data());
        for (size_t i = 0; i < op.outputs.count; i++) {
            const Shape shape = new_shape(op.outputs[i], values.data());
            OrtValue* tensor = nullptr;
            check(
                api, api.KernelContext_GetOutput(context, i, shape.data(), shape.size(), &tensor));
            outputs.push_back(address_of(api, tensor));
        }
        const int64_t bytes = scratch_bytes(op, device.twin, values.data());
        if (bytes < 0) throw std::invalid_argument(device.last_error());
        const Scratch scratch(device, *allocator_, context, bytes);
        void* stream = nullptr;
        if (device.provider) check(api, api.KernelContext_GetGPUComputeStream(context, &stream));
        place(op, {inputs.data(), outputs.data(), scratch.address, bytes, stream}, values.data());
        if (device.twin.run(values.data()) != PT_OK) throw std::runtime_error(device.last_error());
    }

  private:
    void read_attributes(const OrtKernelInfo* info) {
        const OrtApi& api = device.api;
        for (size_t i = 0; i < slots_.size(); i++) {
            const Slot& slot = device.op.slots[i];
            slots_[i].whole = slot.factor;
            if (slot.source == Source::kWhole)
                check(api, api.KernelInfoGetAttribute_int64(info, slot.name, &slots_[i].whole));
            if (slot.source != Source::kReal) continue;
            float real = 0;
            check(api, api.KernelInfoGetAttribute_float(info, slot.name, &real));
            slots_[i].real = real;
        }
    }

    /* Heads are float32 or float16, and where a kernel is told one type of several, alike. */
    void read_element_types(const OrtKernelInfo* info) {
        std::vector<bool> known(slots_.size());
        for (size_t i = 0; i < device.op.inputs.count; i++) {
            const Array& array = device.op.inputs[i];
            if (array.dtype < 0) continue;
            const auto element = element_of(info, i);
            const bool half = element == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
            if (!half && element != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT)
                throw std::invalid_argument(
                    std::string(array.name) + " must be float32 or float16");
            const int64_t number = half ? PT_FLOAT16 : PT_FLOAT32;
            if (known[array.dtype] && slots_[array.dtype].whole != number)
                throw std::invalid_argument(
                    std::string(array.name) + " must be " + (half ? "float32" : "float16") +
                    " as the others are");
            slots_[array.dtype].whole = number;
            known[array.dtype] = true;
        }
    }

    ONNXTensorElementDataType element_of(const OrtKernelInfo* info, size_t input) const {
        const OrtApi& api = device.api;
        OrtTypeInfo* type = nullptr;
        check(api, api.KernelInfo_GetInputTypeInfo(info, input, &type));
        const Owned<OrtTypeInfo> owner(type, api.ReleaseTypeInfo);
        const OrtTensorTypeAndShapeInfo* tensor = nullptr;
        check(api, api.CastTypeInfoToTensorInfo(type, &tensor));
        ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
        if (tensor) check(api, api.GetTensorElementType(tensor, &element));
        return element;
    }

    std::vector<Value> slots_; /* what the file says: attributes, element types */
    Owned<OrtAllocator> allocator_;
};

}  // namespace posetrack
#endif
