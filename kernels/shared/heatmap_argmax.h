/* The highest cell of a map, and the keypoint between the cells that it stands for. */
#ifndef POSETRACK_SHARED_HEATMAP_ARGMAX_H
#define POSETRACK_SHARED_HEATMAP_ARGMAX_H

#include "scratch.h"

namespace posetrack {

/* A cell with its value; -1 is none. */
struct Highest {
    int32_t cell;
    float value;
};

PT_HD Highest no_cell() { return {-1, 0.0f}; }

/* Whether `a` comes before `b`: the higher one, of equal ones the lower cell. */
PT_HD bool stands_before(Highest a, Highest b) {
    if (a.cell < 0) return false;
    return b.cell < 0 || a.value > b.value || (a.value == b.value && a.cell < b.cell);
}

PT_HD Highest first_of(Highest a, Highest b) { return stands_before(b, a) ? b : a; }

/* The first of `first` and another cell; cells may come in any order. */
PT_HD Highest with_cell(Highest first, float value, int32_t cell) {
    return is_nan(value) ? first : first_of(first, {cell, value});
}

/* `step` towards the higher neighbour, 0 between equal ones or beside NaN. */
PT_HD float step_towards_higher(float before, float after, float step) {
    return after > before ? step : (after < before ? -step : 0.0f);
}

/* SimpleBaseline's keypoint in cells: (0, 0) where nothing is above 0, else the cell, moved unless
 * it lies in the first two or the last row or column.
 */
template <typename Head>
PT_HD void quarter_offset_keypoint(
    float* keypoint, const Head* map, Highest highest, int64_t h, int64_t w, float quarter) {
    const bool found = highest.cell >= 0 && highest.value > 0.0f;
    const int64_t x = found ? highest.cell % w : 0, y = found ? highest.cell / w : 0;
    keypoint[0] = (float)x;
    keypoint[1] = (float)y;
    if (x <= 1 || x >= w - 1 || y <= 1 || y >= h - 1) return;
    const Head* at = map + highest.cell;
    keypoint[0] += step_towards_higher(to_float(at[-1]), to_float(at[1]), quarter);
    keypoint[1] += step_towards_higher(to_float(at[-w]), to_float(at[w]), quarter);
}

#if !defined(__CUDACC_RTC__)
/* A map of float16 as floats. Only the CPU twin needs it. */
struct SearchedMap {
    float* cells;

    SearchedMap(Scratch& scratch, pt_dtype dtype, int64_t h, int64_t w)
        : cells(scratch.take<float>({if_half(dtype, h), w})) {}
};

inline pt_status check_searched_sizes(int64_t h, int64_t w) {
    return Check().sizes({{"h", h}, {"w", w}}).cells("h", h, "w", w).status();
}

/* Of pt_heatmap_argmax, which writes `cells`, and of pt_quarter_offset_argmax, which writes
 * `keypoints`.
 */
inline pt_status check_heatmap_argmax(
    const int32_t* cells, const float* keypoints, const float* values, const void* scratch,
    int64_t scratch_bytes, int64_t needed, const void* maps, pt_dtype maps_dtype,
    int64_t maps_batch_stride, int64_t B, int64_t K, int64_t h, int64_t w, bool quarter) {
    if (auto status = check_searched_sizes(h, w)) return status;
    return Check()
        .sizes({{"B", B}, {"K", K}})
        .array("cells", cells, {quarter ? 0 : B, K})
        .array("keypoints", keypoints, {quarter ? B : 0, K, 2})
        .array("values", values, {B, K})
        .head("maps", maps, maps_dtype, maps_batch_stride, {B, K, h, w})
        .scratch(scratch, scratch_bytes, needed)
        .status();
}
#endif

}  // namespace posetrack

#endif
