/* With AVX2 or AVX-512 a mesh is read as the network wrote it: one of its rows in one channel is a
 * vector or two, picked by permutations from a few neighbouring cells.
 *
 * Elsewhere, or where map or mesh are of an unusual size, the part of the embedding that any mesh
 * reads is transposed first, so that the channels of a cell lie side by side and a point is a blend
 * of four rows of numbers. Each mesh is transposed back while it is in the cache.
 *
 * Tried, for 5 people: permutations take a sixth of the transposition's time with either width;
 * with a count of groups that the compiler does not know, a third longer than that, as numbers are
 * loaded again for every row. Prefetching one channel ahead, or the first line of a row alone, is a
 * tenth faster where the embedding is in the cache, and up to a tenth slower where it is not.
 */
#include "../shared/local_windows.h"

#include <algorithm>
#include <cstring>

#include "lanes.h"
#include "widen.h"

namespace posetrack {
namespace {

/* Cells from (top, left) on, `rows` x `columns` of them. */
struct Region {
    int64_t top, left, rows, columns;
};

/* The parts of the scratch. */
struct Buffers {
    float* points;  /* (s * s, C) of a mesh */
    float* cells;   /* (h * w, C) the transposed embedding */
    float* widened; /* (C, h, w) a float16 embedding as floats */
    float* mesh;    /* (C, s, s) of a keypoint, before it becomes float16 */

    Buffers(
        Scratch& scratch, pt_dtype features, pt_dtype embedding, int64_t C, int64_t h, int64_t w,
        int64_t s)
        : points(scratch.take<float>({s, s, C})),
          cells(scratch.take<float>({h, w, C})),
          widened(scratch.take<float>({if_half(embedding, C), h, w})),
          mesh(scratch.take<float>({if_half(features, C), s, s})) {}
};

/* Takes four lanes from two vectors of four by constant numbers: 0 to 3 are lanes of the first
 * vector, 4 to 7 those of the second.
 */
#if defined(__clang__)
#define PT_SHUFFLE4(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int LaneNumbers __attribute__((vector_size(16)));
#define PT_SHUFFLE4(a, b, ...) __builtin_shuffle(a, b, LaneNumbers{__VA_ARGS__})
#endif

/* Four floats at any address. */
typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));

void transpose_block(float* out, const float* in, int64_t out_stride, int64_t in_stride) {
    const Four a = *reinterpret_cast<const Four*>(in);
    const Four b = *reinterpret_cast<const Four*>(in + in_stride);
    const Four c = *reinterpret_cast<const Four*>(in + 2 * in_stride);
    const Four d = *reinterpret_cast<const Four*>(in + 3 * in_stride);
    const Four ab = PT_SHUFFLE4(a, b, 0, 4, 1, 5), cd = PT_SHUFFLE4(c, d, 0, 4, 1, 5);
    const Four ab2 = PT_SHUFFLE4(a, b, 2, 6, 3, 7), cd2 = PT_SHUFFLE4(c, d, 2, 6, 3, 7);
    *reinterpret_cast<Four*>(out) = PT_SHUFFLE4(ab, cd, 0, 1, 4, 5);
    *reinterpret_cast<Four*>(out + out_stride) = PT_SHUFFLE4(ab, cd, 2, 3, 6, 7);
    *reinterpret_cast<Four*>(out + 2 * out_stride) = PT_SHUFFLE4(ab2, cd2, 0, 1, 4, 5);
    *reinterpret_cast<Four*>(out + 3 * out_stride) = PT_SHUFFLE4(ab2, cd2, 2, 3, 6, 7);
}

/* out (n, m) = in (m, n), whose rows lie `stride` apart. */
void transpose(float* out, const float* in, int64_t m, int64_t n, int64_t stride) {
    const int64_t whole_m = m / 4 * 4, whole_n = n / 4 * 4;
    for (int64_t j = 0; j < whole_n; j += 4)
        for (int64_t i = 0; i < whole_m; i += 4)
            transpose_block(out + j * m + i, in + i * stride + j, m, stride);
    for (int64_t j = 0; j < n; ++j)
        for (int64_t i = j < whole_n ? whole_m : 0; i < m; ++i) out[j * m + i] = in[i * stride + j];
}

void blend(
    float* __restrict out, const float* __restrict upper_left, const float* __restrict lower_left,
    const float* __restrict upper_right, const float* __restrict lower_right, Neighbours row,
    Neighbours column, int64_t C) {
    for (int64_t c = 0; c < C; ++c)
        out[c] = sampled(
            upper_left[c], lower_left[c], upper_right[c], lower_right[c], row.low_weight,
            row.high_weight, column.low_weight, column.high_weight);
}

/* The cells that the meshes of M keypoints, K for each person, read. */
Region touched(
    const float* keypoints, const float* steps, int64_t M, int64_t K, int64_t s, int64_t h,
    int64_t w, float stride) {
    int64_t low[2] = {w, h}, high[2] = {-1, -1};
    const int64_t size[2] = {w, h};
    for (int64_t i = 0; i < M; ++i)
        for (int64_t axis = 0; axis < 2; ++axis)
            for (int64_t j = 0; j < s; ++j) {
                const Neighbours at = mesh_neighbours(
                    keypoints[2 * i + axis], steps[i % K * s + j], stride, size[axis]);
                low[axis] = std::min<int64_t>(low[axis], at.low);
                high[axis] = std::max<int64_t>(high[axis], at.high);
            }
    return {low[1], low[0], high[1] - low[1] + 1, high[0] - low[0] + 1};
}

/* (points, C) of one keypoint's mesh. */
void sample_mesh(
    float* points, const float* cells, const Region& region, const float* keypoint,
    const float* steps, int64_t C, int64_t h, int64_t w, int64_t s, float stride) {
    for (int64_t y = 0; y < s; ++y) {
        const Neighbours row = mesh_neighbours(keypoint[1], steps[y], stride, h);
        const float* upper = cells + (row.low - region.top) * region.columns * C;
        const float* lower = cells + (row.high - region.top) * region.columns * C;
        for (int64_t x = 0; x < s; ++x) {
            const Neighbours column = mesh_neighbours(keypoint[0], steps[x], stride, w);
            const int64_t left = (column.low - region.left) * C;
            const int64_t right = (column.high - region.left) * C;
            blend(
                points + (y * s + x) * C, upper + left, lower + left, upper + right, lower + right,
                row, column, C);
        }
    }
}

/* All keypoints of one image, by way of the transposed embedding. */
void sample_transposed(
    float* features, const Buffers& working, const float* keypoints, const float* steps,
    const float* map, int64_t M, int64_t K, int64_t C, int64_t h, int64_t w, int64_t s,
    float stride) {
    float *points = working.points, *cells = working.cells; /* (rows, columns, C) of the region */
    const Region region = touched(keypoints, steps, M, K, s, h, w, stride);
    for (int64_t y = 0; y < region.rows; ++y)
        transpose(
            cells + y * region.columns * C, map + (region.top + y) * w + region.left, C,
            region.columns, h * w);
    for (int64_t i = 0; i < M; ++i) {
        const float* mesh = steps + i % K * s;
        sample_mesh(points, cells, region, keypoints + 2 * i, mesh, C, h, w, s, stride);
        transpose(features + i * C * s * s, points, s * s, C, C);
    }
}

constexpr int64_t kMaxPoints = 16; /* along a side of a mesh that is sampled by permutations */
constexpr int64_t kAhead = 4;      /* how many channels ahead cells are prefetched */

/* Neighbouring columns of a mesh whose cells, of one row of the map, fit into one vector. */
struct Group {
    int64_t column, cell;                          /* the first of each */
    alignas(64) int32_t low[kWidth], high[kWidth]; /* cells counted from the first */
    float left[kWidth], right[kWidth];             /* their weights */
};

/* A mesh on the map. Four vectors of weights belong to each group in each row: upper left, lower
 * left, upper right, lower right.
 */
struct Mesh {
    int64_t side, group_count;
    int64_t upper[kMaxPoints], lower[kMaxPoints]; /* where a row's cells begin */
    Group groups[kMaxPoints];
    alignas(64) float weights[kMaxPoints * kMaxPoints][4][kWidth];
};

/* Fills the group that begins at `column`; returns the column behind it. */
PT_HD int64_t
take_group(Group* group, const Neighbours* columns, int64_t column, int64_t s, int64_t w) {
    const int64_t first = column, most = std::min(s, column + kWidth);
    int32_t low = columns[first].low, high = columns[first].high;
    for (; column < most; ++column) {
        low = std::min(low, columns[column].low);
        high = std::max(high, columns[column].high);
        if (high - low >= kWidth) break;
        group->cell = std::min<int64_t>(low, w - kWidth);
    }
    group->column = first;
    for (int64_t i = 0; i < kWidth; ++i) {
        const Neighbours& at = columns[std::min(first + i, column - 1)];
        group->low[i] = at.low - (int32_t)group->cell;
        group->high[i] = at.high - (int32_t)group->cell;
        group->left[i] = at.low_weight;
        group->right[i] = at.high_weight;
    }
    return column;
}

PT_HD void place_mesh(
    Mesh* mesh, const float* keypoint, const float* steps, int64_t h, int64_t w, float stride) {
    const int64_t s = mesh->side;
    Neighbours columns[kMaxPoints];
    for (int64_t x = 0; x < s; ++x) columns[x] = mesh_neighbours(keypoint[0], steps[x], stride, w);
    mesh->group_count = 0;
    for (int64_t x = 0; x < s;)
        x = take_group(&mesh->groups[mesh->group_count++], columns, x, s, w);
    for (int64_t y = 0, i = 0; y < s; ++y) {
        const Neighbours row = mesh_neighbours(keypoint[1], steps[y], stride, h);
        mesh->upper[y] = row.low * w;
        mesh->lower[y] = row.high * w;
        for (int64_t g = 0; g < mesh->group_count; ++g, ++i)
            for (int64_t lane = 0; lane < kWidth; ++lane) {
                const Group& group = mesh->groups[g];
                mesh->weights[i][0][lane] = row.low_weight * group.left[lane];
                mesh->weights[i][1][lane] = row.high_weight * group.left[lane];
                mesh->weights[i][2][lane] = row.low_weight * group.right[lane];
                mesh->weights[i][3][lane] = row.high_weight * group.right[lane];
            }
    }
}

/* One group in one row: the sum of `sampled`, lane by lane. */
PT_HD void sample_group(
    Floats& sum, const float* upper, const float* lower, const Group& group,
    const float (*weights)[kWidth]) {
    const float* cells[4] = {upper, lower, upper, lower};
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        float picked[kWidth];
        Floats value, weight;
        pick(picked, cells[i] + group.cell, i < 2 ? group.low : group.high);
        load(value, picked);
        load(weight, weights[i]);
        if (i == 0)
            sum = value * weight;
        else
            sum = sum + value * weight;
    }
}

/* (C, s, s) of one mesh of so many groups; if `count` is known, registers hold their numbers. Whole
 * vectors are written, ascending, so that what goes beyond a group is written over; nothing is
 * written from `end` on.
 */
PT_HD void sample_channels(
    float* out, const float* end, const float* map, const Mesh& mesh, int64_t count, int64_t C,
    int64_t area) {
    for (int64_t c = 0; c < C; ++c, map += area)
        for (int64_t y = 0; y < mesh.side; ++y, out += mesh.side) {
            const float* upper = map + mesh.upper[y];
            const float* lower = map + mesh.lower[y];
            if (c + kAhead < C) {
                const Group& last = mesh.groups[count - 1];
                __builtin_prefetch(lower + kAhead * area + mesh.groups[0].cell);
                __builtin_prefetch(lower + kAhead * area + last.cell + kWidth - 1);
            }
#pragma GCC unroll 2
            for (int64_t g = 0; g < count; ++g) {
                const Group& group = mesh.groups[g];
                float* to = out + group.column;
                Floats sum;
                sample_group(sum, upper, lower, group, mesh.weights[y * count + g]);
                if (end - to >= kWidth)
                    store(to, sum);
                else
                    std::memcpy(to, &sum, sizeof(float) * (size_t)(end - to));
            }
        }
}

/* All M keypoints of one image, K for each person. Returns whether vectors suit the sizes. */
bool sample_by_permutations(
    float* features, const float* end, const float* keypoints, const float* steps, const float* map,
    int64_t M, int64_t K, int64_t C, int64_t h, int64_t w, int64_t s, float stride) {
    if (!kPermutes || s > kMaxPoints || w < kWidth) return false;
    Mesh mesh;
    mesh.side = s;
    for (int64_t i = 0; i < M; ++i) {
        place_mesh(&mesh, keypoints + 2 * i, steps + i % K * s, h, w, stride);
        float* out = features + i * C * s * s;
        if (mesh.group_count == 1)
            sample_channels(out, end, map, mesh, 1, C, h * w);
        else if (mesh.group_count == 2)
            sample_channels(out, end, map, mesh, 2, C, h * w);
        else
            sample_channels(out, end, map, mesh, mesh.group_count, C, h * w);
    }
    return true;
}

/* What all keypoints of an image read, and its sizes. */
struct Image {
    const float *steps, *map;
    int64_t K, C, h, w, s;
    float stride;
};

/* The meshes of M keypoints, the first of which is the first of a person; floats from `end` on are
 * not written.
 */
void sample_floats(
    float* features, const float* end, const Buffers& working, const float* keypoints, int64_t M,
    const Image& of) {
    if (!sample_by_permutations(
            features, end, keypoints, of.steps, of.map, M, of.K, of.C, of.h, of.w, of.s, of.stride))
        sample_transposed(
            features, working, keypoints, of.steps, of.map, M, of.K, of.C, of.h, of.w, of.s,
            of.stride);
}

void sample_halves(
    Half* features, const Buffers& working, const float* keypoints, int64_t M, const Image& of) {
    const int64_t size = of.C * of.s * of.s;
    for (int64_t i = 0; i < M; ++i, features += size) {
        Image one = of;
        one.steps = of.steps + i % of.K * of.s;
        sample_floats(working.mesh, working.mesh + size, working, keypoints + 2 * i, 1, one);
        narrow(features, working.mesh, size);
    }
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_local_windows_scratch_bytes_cpu(
    pt_dtype features_dtype, pt_dtype embedding_dtype, int64_t C, int64_t h, int64_t w, int64_t s) {
    if (check_local_windows_sizes(features_dtype, embedding_dtype, C, h, w, s)) return -1;
    return scratch_bytes<Buffers>(features_dtype, embedding_dtype, C, h, w, s);
}

pt_status pt_local_windows_cpu(
    void* features, void* scratch, int64_t scratch_bytes, const float* keypoints,
    const float* steps, const void* embedding, const int32_t* counts, pt_dtype features_dtype,
    pt_dtype embedding_dtype, int64_t embedding_batch_stride, int64_t B, int64_t N, int64_t K,
    int64_t C, int64_t h, int64_t w, int64_t s, float stride) {
    const int64_t needed =
        pt_local_windows_scratch_bytes_cpu(features_dtype, embedding_dtype, C, h, w, s);
    if (auto status = check_local_windows(
            features, scratch, scratch_bytes, needed, keypoints, steps, embedding, counts,
            features_dtype, embedding_dtype, embedding_batch_stride, B, N, K, C, h, w, s, stride))
        return status;
    const int64_t mesh = C * s * s, image = N * K * mesh;
    if (image == 0) return PT_OK;
    const auto working = lay_out<Buffers>(scratch, features_dtype, embedding_dtype, C, h, w, s);
    auto* floats = static_cast<float*>(features);
    auto* halves = static_cast<Half*>(features);
    for (int64_t b = 0; b < B; ++b, keypoints += 2 * N * K) {
        const float* map = floats_of(
            embedding, embedding_dtype, b * embedding_batch_stride, C * h * w, working.widened);
        const Image of{steps, map, K, C, h, w, s, stride};
        const int64_t M = valid_rows(counts, b, N) * K, written = b * image + M * mesh;
        if (features_dtype == PT_FLOAT32) {
            sample_floats(floats + b * image, floats + B * image, working, keypoints, M, of);
            std::fill(floats + written, floats + (b + 1) * image, 0.0f);
        } else {
            sample_halves(halves + b * image, working, keypoints, M, of);
            std::fill(halves + written, halves + (b + 1) * image, Half{0});
        }
    }
    return PT_OK;
}
