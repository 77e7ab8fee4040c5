/* What the table of operators is made of: where each argument of a kernel comes from, and a twin as
 * a function of an array of values.
 */
#ifndef POSETRACK_OPS_OP_H
#define POSETRACK_OPS_OP_H

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "../include/posetrack_kernels.h"

namespace posetrack {

constexpr size_t kMaxSides = 5;
constexpr size_t kMaxSlots = 32;

/* The value of an argument. */
union Value {
    int64_t whole;
    double real;
    void* array;
};

/* Where a value comes from. */
enum class Source {
    kOutput,   /* number `array` */
    kInput,    /* likewise */
    kSide,     /* number `side` of input `array`, divided by `factor` */
    kStride,   /* elements of an image of input `array` */
    kDtype,    /* of input `array` */
    kEnlarged, /* the slot `array` times the slot `side` */
    kWhole,    /* the attribute `name` */
    kReal,     /* likewise */
    kConstant, /* `factor` */
    kLeftOut,  /* an array that is NULL */
    kScratch,
    kScratchBytes,
    kStream,
};

/* One value: the kernel's arguments come first, then the stream, then what others are made from. */
struct Slot {
    Source source;
    int array;
    int side;
    int64_t factor;
    const char* name;
};

constexpr Slot output(int array) { return {Source::kOutput, array, 0, 0, ""}; }
constexpr Slot input(int array) { return {Source::kInput, array, 0, 0, ""}; }
constexpr Slot side(int array, int side, int64_t factor = 1) {
    return {Source::kSide, array, side, factor, ""};
}
constexpr Slot stride(int array) { return {Source::kStride, array, 0, 0, ""}; }
constexpr Slot dtype(int array) { return {Source::kDtype, array, 0, 0, ""}; }
constexpr Slot enlarged(int slot, int ratio) { return {Source::kEnlarged, slot, ratio, 0, ""}; }
constexpr Slot whole(const char* name) { return {Source::kWhole, 0, 0, 0, name}; }
constexpr Slot real(const char* name) { return {Source::kReal, 0, 0, 0, name}; }
constexpr Slot constant(int64_t value) { return {Source::kConstant, 0, 0, value, ""}; }
constexpr Slot left_out() { return {Source::kLeftOut, 0, 0, 0, ""}; }
constexpr Slot scratch() { return {Source::kScratch, 0, 0, 0, ""}; }
constexpr Slot scratch_bytes() { return {Source::kScratchBytes, 0, 0, 0, ""}; }
constexpr Slot stream() { return {Source::kStream, 0, 0, 0, ""}; }

/* factor * first * second + added, each of them the number of a slot, or -1 for none. */
struct Side {
    int64_t factor;
    int first = -1, second = -1, added = -1;
};

enum class Element {
    kFloat,
    kInt32,
    kUint8,
    kHead, /* float32 or float16 */
};

/* An input or output. */
struct Array {
    const char* name;
    const char* shape; /* as the C header has it */
    Element element;
    int dtype; /* the slot of a head's element type, -1 for none */
    size_t rank;
    Side sides[kMaxSides];
};

/* A part of the table. */
template <typename Part>
struct List {
    template <size_t n>
    constexpr List(const Part (&parts)[n]) : first(parts), count(n) {
        static_assert(n <= kMaxSlots, "enlarge kMaxSlots");
    }
    constexpr List() : first(nullptr), count(0) {}
    const Part* begin() const { return first; }
    const Part* end() const { return first + count; }
    const Part& operator[](size_t i) const { return first[i]; }

    const Part* first;
    size_t count;
};

/* A kernel for one kind of device. */
struct Twin {
    pt_status (*run)(const Value* slots) = nullptr;
    int64_t (*scratch_bytes)(const Value* sizes) = nullptr; /* NULL: none is needed */
};

struct Op {
    const char* name;
    List<Array> inputs, outputs;
    List<Slot> slots;
    List<int> scratch_slots; /* arguments of the function that sizes the scratch */
    Twin cpu, cuda;
};

template <typename Argument>
Argument as(const Value& value) {
    if constexpr (std::is_pointer_v<Argument>)
        return static_cast<Argument>(value.array);
    else if constexpr (std::is_floating_point_v<Argument>)
        return static_cast<Argument>(value.real);
    else
        return static_cast<Argument>(value.whole);
}

template <typename Result, typename... Arguments, size_t... i>
Result call(
    Result (*function)(Arguments...), const Value* values, std::index_sequence<i...> /* places */) {
    return function(as<Arguments>(values[i])...);
}

template <typename Result, typename... Arguments>
Result call(Result (*function)(Arguments...), const Value* values) {
    return call(function, values, std::index_sequence_for<Arguments...>());
}

/* A function of the C interface, called with an array of values in the order of its arguments. */
template <auto function>
auto called(const Value* values) {
    return call(function, values);
}

}  // namespace posetrack
#endif
