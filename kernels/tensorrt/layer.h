/* A node of a network, whatever TensorRT calls its interface: types, shapes, scratch, one call. */
#ifndef POSETRACK_TENSORRT_LAYER_H
#define POSETRACK_TENSORRT_LAYER_H

#include <algorithm>

#include "../ops/call.h"
#include "../ops/sizes.h"
#include "attributes.h"

namespace posetrack {

using nvinfer1::DataType;
using nvinfer1::DynamicPluginTensorDesc;
using nvinfer1::PluginTensorDesc;

inline DataType type_of(Element element) {
    switch (element) {
        case Element::kInt32:
            return DataType::kINT32;
        default:
            return DataType::kFLOAT;
    }
}

inline const PluginTensorDesc& tensor_of(const PluginTensorDesc& given) { return given; }
inline const PluginTensorDesc& tensor_of(const DynamicPluginTensorDesc& given) {
    return given.desc;
}

inline const nvinfer1::Dims& largest(const PluginTensorDesc& given) { return given.dims; }
inline const nvinfer1::Dims& largest(const DynamicPluginTensorDesc& given) { return given.max; }

inline void check_count(const List<Array>& arrays, int32_t count, const char* what) {
    if ((size_t)count == arrays.count) return;
    throw std::invalid_argument(
        "must have " + std::to_string(arrays.count) + " " + what + ", got " +
        std::to_string(count));
}

/* Sizes as expressions of the inputs' sizes. */
class Sizes {
  public:
    using Expression = const nvinfer1::IDimensionExpr*;

    Sizes(
        const Op& op, const Numbers& numbers, const nvinfer1::DimsExprs* inputs,
        nvinfer1::IExprBuilder& builder)
        : op_(op), numbers_(numbers), inputs_(inputs), builder_(builder) {}

    nvinfer1::DimsExprs shape_of(const Array& array) const {
        nvinfer1::DimsExprs shape{};
        shape.nbDims = (int32_t)array.rank;
        for (size_t i = 0; i < array.rank; i++) shape.d[i] = length_of(array.sides[i]);
        return shape;
    }

  private:
    using Operation = nvinfer1::DimensionOperation;

    Expression length_of(const Side& side) const {
        Expression length = nullptr;
        if (side.factor != 1 || side.first < 0) length = constant(side.factor);
        for (const int number : {side.first, side.second})
            if (number >= 0)
                length = length ? joined(Operation::kPROD, length, slot(number)) : slot(number);
        return side.added < 0 ? length : joined(Operation::kSUM, length, slot(side.added));
    }

    Expression slot(int number) const {
        const Slot& slot = op_.slots[number];
        if (slot.source == Source::kEnlarged)
            return joined(Operation::kPROD, this->slot(slot.array), this->slot(slot.side));
        if (slot.source != Source::kSide) return constant(numbers_[number].whole);
        const Expression side = inputs_[slot.array].d[slot.side];
        return slot.factor == 1 ? side : joined(Operation::kFLOOR_DIV, side, constant(slot.factor));
    }

    Expression constant(int64_t value) const { return builder_.constant((int32_t)value); }

    Expression joined(Operation operation, Expression first, Expression second) const {
        return builder_.operation(operation, *first, *second);
    }

    const Op& op_;
    const Numbers& numbers_;
    const nvinfer1::DimsExprs* inputs_;
    nvinfer1::IExprBuilder& builder_;
};

class Layer {
  public:
    Layer(const Op& op, Numbers attributes)
        : op(&op), attributes(std::move(attributes)), numbers_(op.slots.count) {
        check_told_sides(op, this->attributes);
        shapes_.resize(op.inputs.count);
        for (Shape& shape : shapes_) shape.reserve(nvinfer1::Dims::MAX_DIMS);
    }
    Layer(const Layer& other) : Layer(*other.op, other.attributes) {} /* with room for shapes */
    Layer& operator=(const Layer&) = delete;

    /* Whether the last of these arrays may have its type and format, given those before it. */
    template <typename Described>
    bool takes(int32_t last, const Described* arrays, int32_t inputs, int32_t outputs) const {
        if ((size_t)inputs != op->inputs.count || (size_t)outputs != op->outputs.count)
            return false;
        const PluginTensorDesc& tensor = tensor_of(arrays[last]);
        if (tensor.format != nvinfer1::TensorFormat::kLINEAR) return false;
        if (last >= inputs) return tensor.type == type_of(op->outputs[last - inputs].element);
        const Array& array = op->inputs[last];
        if (array.element != Element::kHead) return tensor.type == type_of(array.element);
        if (tensor.type != DataType::kFLOAT && tensor.type != DataType::kHALF) return false;
        for (int32_t i = 0; i < last && array.dtype >= 0; i++)
            if (op->inputs[i].dtype == array.dtype) return tensor_of(arrays[i]).type == tensor.type;
        return true;
    }

    nvinfer1::DimsExprs output_shape(
        int32_t output, const nvinfer1::DimsExprs* inputs, int32_t count,
        nvinfer1::IExprBuilder& builder) const {
        check_count(op->inputs, count, "inputs");
        for (size_t i = 0; i < op->inputs.count; i++)
            if ((size_t)inputs[i].nbDims != op->inputs[i].rank)
                throw std::invalid_argument(
                    std::string(op->inputs[i].name) + " must have shape " + op->inputs[i].shape +
                    ", got " + std::to_string(inputs[i].nbDims) + " sides");
        return Sizes(*op, attributes, inputs, builder).shape_of(op->outputs[output]);
    }

    /* Bytes of scratch for inputs of their largest shapes. */
    template <typename Described>
    int64_t scratch_bytes_for(const Described* inputs, int32_t count) const {
        check_count(op->inputs, count, "inputs");
        Layer copy(*this);
        copy.read(inputs);
        check_ranks(*op, copy.shapes_);
        return copy.scratch_bytes();
    }

    /* Throws where inputs have not the shapes that the operator takes. */
    void check_inputs(const PluginTensorDesc* inputs) {
        read(inputs);
        check_shapes(*op, shapes_, numbers_.data());
    }

    /* Enqueues the kernel. Allocates nothing. */
    void run(const PluginTensorDesc* tensors, Places places) {
        check_inputs(tensors);
        places.scratch_bytes = scratch_bytes();
        place(*op, places, numbers_.data());
        if (op->cuda.run(numbers_.data()) != PT_OK) throw std::runtime_error(pt_last_error_cuda());
    }

    const Op* op;
    Numbers attributes;

  private:
    template <typename Described>
    void read(const Described* inputs) {
        std::copy(attributes.begin(), attributes.end(), numbers_.begin());
        for (size_t i = 0; i < shapes_.size(); i++) {
            const nvinfer1::Dims& dims = largest(inputs[i]);
            shapes_[i].assign(dims.d, dims.d + std::max(dims.nbDims, 0));
            const bool half = tensor_of(inputs[i]).type == DataType::kHALF;
            if (op->inputs[i].dtype >= 0)
                numbers_[op->inputs[i].dtype].whole = half ? PT_FLOAT16 : PT_FLOAT32;
        }
        read_sizes(*op, shapes_, numbers_.data());
    }

    int64_t scratch_bytes() const {
        const int64_t bytes = posetrack::scratch_bytes(*op, op->cuda, numbers_.data());
        if (bytes < 0) throw std::invalid_argument(pt_last_error_cuda());
        return bytes;
    }

    Numbers numbers_; /* of the last inputs */
    std::vector<Shape> shapes_;
};

}  // namespace posetrack
#endif
