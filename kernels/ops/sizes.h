/* Sizes of an operator's arrays: read off its inputs, checked, and put together for its outputs.
 */
#ifndef POSETRACK_OPS_SIZES_H
#define POSETRACK_OPS_SIZES_H

#include <stdexcept>
#include <string>
#include <vector>

#include "op.h"

namespace posetrack {

constexpr int64_t kUnknown = -1; /* stands for every size below 0 */

using Shape = std::vector<int64_t>;

/* Product of sizes, the largest number where that is too large. */
inline int64_t times(int64_t a, int64_t b) {
    int64_t product = 0;
    if (a < 0 || b < 0) return kUnknown;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

inline int64_t length_of(const Side& side, const Value* slots) {
    int64_t length = side.factor;
    if (side.first >= 0) length = times(length, slots[side.first].whole);
    if (side.second >= 0) length = times(length, slots[side.second].whole);
    if (side.added < 0 || length < 0) return length;
    const int64_t added = slots[side.added].whole;
    return added < 0 || length > INT64_MAX - added ? kUnknown : length + added;
}

inline Shape shape_of(const Array& array, const Value* slots) {
    Shape shape;
    for (size_t i = 0; i < array.rank; i++) shape.push_back(length_of(array.sides[i], slots));
    return shape;
}

/* Elements of one image of a batch. */
inline int64_t image_of(const Shape& shape) {
    int64_t elements = 1;
    for (size_t i = 1; i < shape.size(); i++) elements = times(elements, shape[i]);
    return elements;
}

/* Fills in all sizes that inputs of these shapes show; attributes are there already. */
inline void read_sizes(const Op& op, const std::vector<Shape>& shapes, Value* slots) {
    for (size_t i = 0; i < op.slots.count; i++) {
        const Slot& slot = op.slots[i];
        if (slot.source != Source::kSide && slot.source != Source::kStride) continue;
        const Shape& shape = shapes[slot.array];
        if (slot.source == Source::kStride)
            slots[i].whole = image_of(shape);
        else if ((size_t)slot.side >= shape.size() || shape[slot.side] < 0)
            slots[i].whole = kUnknown;
        else
            slots[i].whole = shape[slot.side] / slot.factor;
    }
    for (size_t i = 0; i < op.slots.count; i++) {
        const Slot& slot = op.slots[i];
        if (slot.source == Source::kEnlarged)
            slots[i].whole = times(slots[slot.array].whole, slots[slot.side].whole);
    }
}

inline std::string text_of(const Shape& shape) {
    std::string text;
    for (const int64_t side : shape) text += (text.empty() ? "" : ", ") + std::to_string(side);
    return "(" + text + ")";
}

[[noreturn]] inline void refuse_shape(
    const Array& array, const std::string& wanted, const Shape& shape) {
    throw std::invalid_argument(
        std::string(array.name) + " must have shape " + array.shape + wanted + ", got " +
        text_of(shape));
}

/* Throws std::invalid_argument where an input has more sides or fewer than the C header names. */
inline void check_ranks(const Op& op, const std::vector<Shape>& shapes) {
    for (size_t i = 0; i < shapes.size(); i++)
        if (shapes[i].size() != op.inputs[i].rank) refuse_shape(op.inputs[i], "", shapes[i]);
}

/* Throws std::invalid_argument where an input has not the shape that the C header names. */
inline void check_shapes(const Op& op, const std::vector<Shape>& shapes, const Value* slots) {
    check_ranks(op, shapes);
    for (size_t i = 0; i < shapes.size(); i++)
        for (size_t j = 0; j < shapes[i].size(); j++)
            if (shapes[i][j] != length_of(op.inputs[i].sides[j], slots))
                refuse_shape(
                    op.inputs[i], " = " + text_of(shape_of(op.inputs[i], slots)), shapes[i]);
}

/* The shape of a new output. Throws std::invalid_argument where a side would be below 0. */
inline Shape new_shape(const Array& array, const Value* slots) {
    const Shape shape = shape_of(array, slots);
    for (const int64_t side : shape)
        if (side < 0)
            throw std::invalid_argument(
                std::string("no side of ") + array.name + " " + array.shape + " may be below 0");
    return shape;
}

}  // namespace posetrack
#endif
