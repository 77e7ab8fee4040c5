/* Shapes of a node's outputs before anything runs: sizes, and names of those that are left open. */
#ifndef POSETRACK_ONNXRUNTIME_INFERENCE_H
#define POSETRACK_ONNXRUNTIME_INFERENCE_H

#include "runtime.h"

namespace posetrack {

class Inference {
  public:
    Inference(const DeviceOp& device, OrtShapeInferContext* context)
        : op_(device.op), api_(device.api), context_(context), slots_(device.op.slots.count) {}

    void run() {
        for (size_t i = 0; i < op_.inputs.count; i++) read_input(i);
        for (size_t i = 0; i < slots_.size(); i++) read_number(i);
        read_sizes(op_, shapes_, slots_.data());
        for (size_t i = 0; i < op_.outputs.count; i++) write_output(i);
    }

  private:
    void read_input(size_t i) {
        OrtTensorTypeAndShapeInfo* info = nullptr; /* belongs to the context */
        check(api_, api_.ShapeInferContext_GetInputTypeShape(context_, i, &info));
        shapes_.push_back(shape_of(api_, info));
        names_.emplace_back(shapes_[i].size());
        check(api_, api_.GetSymbolicDimensions(info, names_[i].data(), names_[i].size()));
    }

    void read_number(size_t i) {
        const Slot& slot = op_.slots[i];
        slots_[i].whole = slot.factor;
        if (slot.source != Source::kWhole) return;
        const OrtOpAttr* attribute = nullptr;
        int64_t& number = slots_[i].whole;
        size_t bytes = 0;
        check(api_, api_.ShapeInferContext_GetAttribute(context_, slot.name, &attribute));
        check(api_, api_.ReadOpAttr(attribute, ORT_OP_ATTR_INT, &number, sizeof(number), &bytes));
    }

    /* The name of a side that is not known, "" for none: only one that stands alone has one. */
    const char* name_of(const Side& side) const {
        if (side.first < 0 || side.factor != 1 || side.second >= 0 || side.added >= 0) return "";
        const Slot& slot = op_.slots[side.first];
        if (slot.source != Source::kSide || slot.factor != 1) return "";
        const std::vector<const char*>& names = names_[slot.array];
        return (size_t)slot.side < names.size() ? names[slot.side] : "";
    }

    /* A shape with a side of neither size nor name is left open as a whole: a made-up name could be
     * another side's, and sides of one name count as alike.
     */
    void write_output(size_t i) {
        const Array& array = op_.outputs[i];
        const Shape shape = shape_of(array, slots_.data());
        std::vector<const char*> names;
        for (size_t j = 0; j < shape.size(); j++) {
            names.push_back(shape[j] < 0 ? name_of(array.sides[j]) : "");
            if (shape[j] < 0 && !*names[j]) return;
        }
        OrtTensorTypeAndShapeInfo* info = nullptr;
        check(api_, api_.CreateTensorTypeAndShapeInfo(&info));
        const Owned<OrtTensorTypeAndShapeInfo> owner(info, api_.ReleaseTensorTypeAndShapeInfo);
        check(api_, api_.SetTensorElementType(info, onnx_type_of(array.element)));
        check(api_, api_.SetDimensions(info, shape.data(), shape.size()));
        check(api_, api_.SetSymbolicDimensions(info, names.data(), names.size()));
        check(api_, api_.ShapeInferContext_SetOutputTypeShape(context_, i, info));
    }

    const Op& op_;
    const OrtApi& api_;
    OrtShapeInferContext* context_;
    std::vector<Value> slots_;
    std::vector<Shape> shapes_;
    std::vector<std::vector<const char*>> names_;
};

}  // namespace posetrack
#endif
