/* Peaks of a map: which cell is one, and which of two comes first. */
#ifndef POSETRACK_SHARED_CENTER_NMS_TOPK_H
#define POSETRACK_SHARED_CENTER_NMS_TOPK_H

#include "portable.h"

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

}  // namespace posetrack

#endif
