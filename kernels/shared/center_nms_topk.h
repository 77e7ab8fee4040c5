/* Peaks of a map: which cell is one, and which of two comes first. */
#ifndef POSETRACK_SHARED_CENTER_NMS_TOPK_H
#define POSETRACK_SHARED_CENTER_NMS_TOPK_H

#include "scratch.h"

namespace posetrack {

struct Peak {
    float score;
    int32_t cell;
};

/* The larger of two values; of NaN and a number, the number. There is no branch here and below, so
 * that loops over these functions are vectorised.
 */
PT_HD float larger(float a, float b) { return ((b > a) | (a != a)) ? b : a; }

PT_HD bool is_peak(float value, float neighbourhood_max, float tolerance, float threshold) {
    return (value > threshold) & (value >= neighbourhood_max - tolerance);
}

PT_HD bool comes_before(Peak a, Peak b) {
    return a.score > b.score || (a.score == b.score && a.cell < b.cell);
}

/* Cells of one block of the CUDA twin, and how many blocks a map takes. */
constexpr int64_t kPeakTile = 1024;
PT_HD int64_t peak_tiles(int64_t h, int64_t w) { return (h * w + kPeakTile - 1) / kPeakTile; }

/* The maximum number of peaks of one tile that can be among the N best. */
PT_HD int64_t peaks_of_tile(int64_t N) { return N < kPeakTile ? N : kPeakTile; }

#if !defined(__CUDACC_RTC__)
/* The best peaks of one image as a heap, two rows, and a float16 map as floats. */
struct PeaksOnCpu {
    Peak* heap;
    float *rows, *widened;

    PeaksOnCpu(Scratch& scratch, pt_dtype dtype, int64_t N, int64_t h, int64_t w)
        : heap(scratch.take<Peak>({N})),
          rows(scratch.take<float>({2, w})),
          widened(scratch.take<float>({if_half(dtype, h * w)})) {}
};

/* Lists of peaks, room to merge them into, and the length of each list. */
struct PeaksOnCuda {
    Peak *from, *to;
    int32_t* counts;

    PeaksOnCuda(Scratch& scratch, int64_t B, int64_t N, int64_t h, int64_t w)
        : from(scratch.take<Peak>({B, peak_tiles(h, w), peaks_of_tile(N)})),
          to(scratch.take<Peak>({B, peak_tiles(h, w), peaks_of_tile(N)})),
          counts(scratch.take<int32_t>({B, peak_tiles(h, w)})) {}
};

inline pt_status check_center_nms_topk_sizes(int64_t B, int64_t N, int64_t h, int64_t w) {
    return Check().sizes({{"B", B}, {"N", N}, {"h", h}, {"w", w}}).cells("h", h, "w", w).status();
}

inline pt_status check_center_nms_topk(
    const int32_t* cells, const float* scores, const int32_t* count, const void* scratch,
    int64_t scratch_bytes, int64_t needed, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t N, int64_t h, int64_t w, int64_t radius,
    float tolerance) {
    if (auto status = check_center_nms_topk_sizes(B, N, h, w)) return status;
    return Check()
        .that(radius >= 0, "radius must be at least 0")
        .that(tolerance >= 0.0f, "tolerance must be at least 0")
        .array("cells", cells, {B, N})
        .array("scores", scores, {B, N})
        .array("count", count, {B})
        .head("maps", maps, maps_dtype, maps_batch_stride, {B, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
