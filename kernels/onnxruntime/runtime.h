/* ONNX Runtime's functions, whose failures become exceptions; and these a status at the border. */
#ifndef POSETRACK_ONNXRUNTIME_RUNTIME_H
#define POSETRACK_ONNXRUNTIME_RUNTIME_H

#include <onnxruntime_c_api.h>

#include <memory>
#include <new>

#include "../ops/sizes.h"

namespace posetrack {

/* An operator on one kind of device, in one ONNX Runtime of the process. */
struct DeviceOp {
    const OrtApi& api;
    const Op& op;
    const Twin& twin;
    const char* provider; /* NULL for the CPU */
    const char* (*last_error)(void);
};

/* What must be released. */
template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

inline void check(const OrtApi& api, OrtStatus* status) {
    if (!status) return;
    const Owned<OrtStatus> owner(status, api.ReleaseStatus);
    throw std::runtime_error(api.GetErrorMessage(status));
}

template <typename Work>
OrtStatus* guarded(const OrtApi& api, const char* name, Work work) {
    try {
        work();
        return nullptr;
    } catch (const std::exception& error) {
        const std::string text = std::string(name) + ": " + error.what();
        return api.CreateStatus(ORT_INVALID_ARGUMENT, text.c_str());
    }
}

template <typename Work>
OrtStatus* guarded(const DeviceOp& device, Work work) {
    return guarded(device.api, device.op.name, work);
}

/* A head has either of two types, so any is let in and the node looks at it. */
inline ONNXTensorElementDataType onnx_type_of(Element element) {
    switch (element) {
        case Element::kFloat:
            return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
        case Element::kInt32:
            return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
        case Element::kUint8:
            return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
        case Element::kHead:
            break;
    }
    return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

inline Shape shape_of(const OrtApi& api, const OrtTensorTypeAndShapeInfo* info) {
    size_t rank = 0;
    check(api, api.GetDimensionsCount(info, &rank));
    Shape shape(rank);
    check(api, api.GetDimensions(info, shape.data(), rank));
    return shape;
}

inline Shape shape_of(const OrtApi& api, const OrtValue* tensor) {
    OrtTensorTypeAndShapeInfo* info = nullptr;
    check(api, api.GetTensorTypeAndShape(tensor, &info));
    const Owned<OrtTensorTypeAndShapeInfo> owner(info, api.ReleaseTensorTypeAndShapeInfo);
    return shape_of(api, info);
}

/* Where a tensor's elements lie. */
inline void* address_of(const OrtApi& api, const OrtValue* tensor) {
    void* address = nullptr;
    check(api, api.GetTensorMutableData(const_cast<OrtValue*>(tensor), &address));
    return address;
}

/* Memory of the session's, as long as a call lasts. On CUDA it goes with the call's stream, so that
 * no other stream gets it before the kernel is through; on the CPU, where there is none, asking for
 * that crashes ONNX Runtime 1.18.
 */
class Scratch {
  public:
    Scratch(
        const DeviceOp& device, OrtAllocator& allocator, const OrtKernelContext* context,
        size_t bytes)
        : allocator_(allocator) {
        if (bytes == 0) return;
        const OrtApi& api = device.api;
        if (!device.provider)
            address = allocator.Alloc(&allocator, bytes);
        else
            check(
                api, api.KernelContext_GetScratchBuffer(
                         context, allocator.Info(&allocator), bytes, &address));
        if (!address) throw std::bad_alloc();
    }
    ~Scratch() {
        if (address) allocator_.Free(&allocator_, address);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    void* address = nullptr;

  private:
    OrtAllocator& allocator_;
};

}  // namespace posetrack
#endif
