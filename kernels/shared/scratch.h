/* A block of working memory laid out in parts: the same code counts its bytes and takes the parts.
 * Host only.
 */
#ifndef POSETRACK_SHARED_SCRATCH_H
#define POSETRACK_SHARED_SCRATCH_H

#include "check.h"

#if !defined(__CUDACC_RTC__)

namespace posetrack {

class Scratch {
  public:
    /* Without a block, parts are only counted. */
    explicit Scratch(void* block = nullptr) : block_(static_cast<unsigned char*>(block)) {}

    /* An array of this shape, aligned to a cache line if the block is. */
    template <typename Element>
    Element* take(std::initializer_list<int64_t> shape) {
        const int64_t elements = product_of(shape), at = bytes_;
        if (bytes_ < 0 || elements < 0 || elements > kMaxElements / (int64_t)sizeof(Element)) {
            bytes_ = -1;
            return nullptr;
        }
        bytes_ += (elements * (int64_t)sizeof(Element) + 63) / 64 * 64;
        return block_ ? reinterpret_cast<Element*>(block_ + at) : nullptr;
    }

    /* Of all parts so far; -1: more than any machine has. */
    int64_t bytes() const { return bytes_; }

  private:
    unsigned char* block_;
    int64_t bytes_ = 0;
};

/* Bytes of a layout, a struct whose constructor takes its parts from a Scratch, then sizes. */
template <typename Layout, typename... Sizes>
int64_t scratch_bytes(Sizes... sizes) {
    Scratch scratch;
    Layout(scratch, sizes...);
    Check().that(scratch.bytes() >= 0, "scratch would be larger than any memory");
    return scratch.bytes();
}

/* A map of float16 as floats. Only CPU twins need it. */
struct WidenedMap {
    float* cells;

    WidenedMap(Scratch& scratch, pt_dtype dtype, int64_t h, int64_t w)
        : cells(scratch.take<float>({if_half(dtype, h), w})) {}
};

/* The parts of a block. */
template <typename Layout, typename... Sizes>
Layout lay_out(void* block, Sizes... sizes) {
    Scratch scratch(block);
    return Layout(scratch, sizes...);
}

}  // namespace posetrack
#endif
#endif
