/* What both twins of a kernel check before they work, once: the first wrong argument is refused by
 * its name. Host only.
 */
#ifndef POSETRACK_SHARED_CHECK_H
#define POSETRACK_SHARED_CHECK_H

#include "portable.h"

#if !defined(__CUDACC_RTC__)
#include <cstdarg>
#include <cstdio>
#include <initializer_list>

#include "../host/last_error.h"
#include "../include/posetrack_kernels.h"

namespace posetrack {

constexpr int64_t kMaxSize = 2147483647;           /* of any side: products of two fit int64_t */
constexpr int64_t kMaxElements = (int64_t)1 << 56; /* of any array */

/* Product of sizes, none negative; -1 where it is above kMaxElements. */
inline int64_t product_of(std::initializer_list<int64_t> sizes) {
    int64_t product = 1;
    for (const int64_t size : sizes)
        if (size == 0) return 0;
    for (const int64_t size : sizes) {
        if (product > kMaxElements / size) return -1;
        product *= size;
    }
    return product;
}

/* A chain of checks: the first that fails says why, and those behind it do nothing. */
class Check {
  public:
    struct Size {
        const char* name;
        int64_t value;
    };

    pt_status status() const { return refused_ ? PT_INVALID_ARGUMENT : PT_OK; }

    /* The text begins with the argument's name. */
    Check& that(bool condition, const char* text) { return condition ? *this : refuse("%s", text); }

    /* The element type of several heads. */
    Check& dtype(const char* name, pt_dtype dtype) {
        return dtype == PT_FLOAT32 || dtype == PT_FLOAT16
                   ? *this
                   : refuse("%s must be PT_FLOAT32 or PT_FLOAT16", name);
    }

    Check& sizes(std::initializer_list<Size> sizes, int64_t limit = kMaxSize) {
        for (const Size& size : sizes)
            if (size.value < 0 || size.value > limit)
                refuse("%s must be 0 to %lld", size.name, (long long)limit);
        return *this;
    }

    /* Sides of maps, which float32 must be able to count. */
    Check& sides(std::initializer_list<Size> sides) { return this->sizes(sides, kMaxSide); }

    /* Cells of a map are numbered by int32_t. */
    Check& cells(const char* height, int64_t h, const char* width, int64_t w) {
        return refused_ || h == 0 || w <= kMaxSize / h
                   ? *this
                   : refuse("%s * %s must be 0 to %lld", height, width, (long long)kMaxSize);
    }

    /* An array of this shape: given, unless it is empty, and aligned to its elements. */
    template <typename Element>
    Check& array(const char* name, const Element* at, std::initializer_list<int64_t> shape) {
        return memory(name, at, sizeof(Element), alignof(Element), shape);
    }

    /* An array that may be NULL. */
    template <typename Element>
    Check& optional(const char* name, const Element* at, std::initializer_list<int64_t> shape) {
        return at ? array(name, at, shape) : *this;
    }

    /* A network's head of either element type. */
    Check& head(
        const char* name, const void* at, pt_dtype dtype, std::initializer_list<int64_t> shape) {
        if (!refused_ && dtype != PT_FLOAT32 && dtype != PT_FLOAT16)
            return refuse("%s_dtype must be PT_FLOAT32 or PT_FLOAT16", name);
        const size_t size = dtype == PT_FLOAT16 ? 2 : 4;
        return memory(name, at, size, size, shape);
    }

    /* A head whose images, the first side, lie `stride` elements apart and do not overlap; with
     * stride 0 all are the same.
     */
    Check& head(
        const char* name, const void* at, pt_dtype dtype, int64_t stride,
        std::initializer_list<int64_t> shape) {
        head(name, at, dtype, shape);
        const int64_t images = *shape.begin(), all = product_of(shape);
        if (refused_ || images < 2 || all == 0) return *this;
        if (stride < 0 || (stride > 0 && stride < all / images))
            return refuse(
                "%s_batch_stride must be 0 or at least %lld", name, (long long)(all / images));
        return stride > kMaxElements / images ? refuse("%s_batch_stride is too large", name)
                                              : *this;
    }

    /* Working memory; `needed` is what the kernel's function says. */
    Check& scratch(const void* at, int64_t bytes, int64_t needed) {
        if (refused_ || needed == 0) return *this;
        if (needed < 0) return refuse("scratch would be too large");
        if (!at || bytes < needed) return refuse("scratch must have %lld bytes", (long long)needed);
        return (uintptr_t)at % 16 == 0 ? *this : refuse("scratch must be aligned to 16 bytes");
    }

  private:
    Check& memory(
        const char* name, const void* at, size_t size, size_t alignment,
        std::initializer_list<int64_t> shape) {
        if (refused_) return *this;
        const int64_t elements = product_of(shape);
        if (elements < 0 || elements > kMaxElements / (int64_t)size)
            return refuse("%s is too large", name);
        if (elements > 0 && !at) return refuse("%s must not be NULL", name);
        return (uintptr_t)at % alignment == 0 ? *this
                                              : refuse("%s must be aligned to its elements", name);
    }

    __attribute__((format(printf, 2, 3))) Check& refuse(const char* format, ...) {
        if (refused_) return *this;
        refused_ = true;
        va_list values;
        va_start(values, format);
        vsnprintf(LastError::text(), LastError::kRoom, format, values);
        va_end(values);
        return *this;
    }

    bool refused_ = false;
};

/* Elements of an array that is needed for float16 heads alone. */
inline int64_t if_half(pt_dtype dtype, int64_t elements) {
    return dtype == PT_FLOAT16 ? elements : 0;
}

/* Calls `run` with a value of a checked head's element type, such as
 *     return with_head(dtype, [&](auto type) { return start<decltype(type)>(...); });
 */
template <typename Run>
auto with_head(pt_dtype dtype, Run run) {
    return dtype == PT_FLOAT16 ? run(Half{}) : run(float{});
}

}  // namespace posetrack
#endif
#endif
