/* The attributes of a node: read from the fields that a parser hands over, and as a plan holds
 * them.
 */
#ifndef POSETRACK_TENSORRT_ATTRIBUTES_H
#define POSETRACK_TENSORRT_ATTRIBUTES_H

#include <cstring>
#include <stdexcept>
#include <vector>

#include "logger.h"

namespace posetrack {

/* Of what a plan holds of a plugin: any change to that counts it up. */
constexpr int64_t kPlanVersion = 1;
constexpr char kPlanVersionField[] = "plan_version";

using Numbers = std::vector<Value>; /* as many as an operator has slots */

inline bool is_attribute(const Slot& slot) {
    return slot.source == Source::kWhole || slot.source == Source::kReal;
}

inline void check_plan_version(int64_t version) {
    if (version == kPlanVersion) return;
    throw std::invalid_argument(
        "the plan was written by version " + std::to_string(version) +
        " of the plugin, this is version " + std::to_string(kPlanVersion) +
        ": build the plan again");
}

template <typename Number>
Number number_in(const nvinfer1::PluginField& field) {
    Number number;
    std::memcpy(&number, field.data, sizeof number);
    return number;
}

inline bool is_one(const nvinfer1::PluginField& field, nvinfer1::PluginFieldType type) {
    return field.type == type && field.length == 1 && field.data;
}

/* Parsers differ in the width of whole numbers. */
inline int64_t whole_in(const nvinfer1::PluginField& field) {
    using Type = nvinfer1::PluginFieldType;
    if (is_one(field, Type::kINT32)) return number_in<int32_t>(field);
#if NV_TENSORRT_MAJOR >= 10
    if (is_one(field, Type::kINT64)) return number_in<int64_t>(field);
#endif
    throw std::invalid_argument(std::string(field.name) + " must be one whole number");
}

inline double real_in(const nvinfer1::PluginField& field) {
    using Type = nvinfer1::PluginFieldType;
    if (is_one(field, Type::kFLOAT32)) return number_in<float>(field);
    if (is_one(field, Type::kFLOAT64)) return number_in<double>(field);
    throw std::invalid_argument(std::string(field.name) + " must be one real number");
}

inline const nvinfer1::PluginField& field_of(
    const nvinfer1::PluginFieldCollection& fields, const char* name) {
    for (int32_t i = 0; i < fields.nbFields; i++)
        if (std::strcmp(fields.fields[i].name, name) == 0) return fields.fields[i];
    throw std::invalid_argument(std::string("the attribute ") + name + " is missing");
}

/* The numbers that a node is told, and constants. */
inline Numbers read_attributes(const Op& op, const nvinfer1::PluginFieldCollection& fields) {
    Numbers numbers(op.slots.count);
    for (size_t i = 0; i < numbers.size(); i++) {
        const Slot& slot = op.slots[i];
        numbers[i].whole = slot.factor;
        if (slot.source == Source::kWhole) numbers[i].whole = whole_in(field_of(fields, slot.name));
        if (slot.source == Source::kReal) numbers[i].real = real_in(field_of(fields, slot.name));
    }
    return numbers;
}

/* The fields of an operator, without data. */
inline std::vector<nvinfer1::PluginField> field_names(const Op& op) {
    using Type = nvinfer1::PluginFieldType;
#if NV_TENSORRT_MAJOR >= 10
    constexpr Type kWide = Type::kINT64;
#else
    constexpr Type kWide = Type::kINT32;
#endif
    std::vector<nvinfer1::PluginField> fields;
    for (const Slot& slot : op.slots)
        if (is_attribute(slot))
            fields.emplace_back(
                slot.name, nullptr, slot.source == Source::kWhole ? kWide : Type::kFLOAT32, 1);
    return fields;
}

/* Sides of outputs that a node is told: shapes are asked for where TensorRT takes no refusal. */
inline void check_told_side(const Op& op, int number, const Numbers& numbers) {
    if (number < 0) return;
    const Slot& slot = op.slots[number];
    if (slot.source == Source::kEnlarged) check_told_side(op, slot.side, numbers);
    const int64_t told = numbers[number].whole;
    if (slot.source == Source::kWhole && (told < 0 || told > INT32_MAX))
        throw std::invalid_argument(
            std::string(slot.name) + " must be 0 to 2147483647, got " + std::to_string(told));
}

inline void check_told_sides(const Op& op, const Numbers& numbers) {
    for (const Array& array : op.outputs)
        for (size_t i = 0; i < array.rank; i++)
            for (const int number :
                 {array.sides[i].first, array.sides[i].second, array.sides[i].added})
                check_told_side(op, number, numbers);
}

}  // namespace posetrack
#endif
