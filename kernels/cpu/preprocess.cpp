/* Where an image is only moved and scaled, output is computed row by row: two image rows become
 * planes of floats and are blended into one row, in which every output pixel picks and blends two
 * columns. Image rows are kept for the next output row. Where an image is also rotated, output is
 * computed pixel by pixel, to the same bits.
 */
#include "../shared/preprocess.h"

#include <algorithm>

namespace posetrack {
namespace {

constexpr int64_t kPad = 2; /* columns of border on either side of a row */
constexpr int64_t kNoRow = -3;

struct Output {
    int64_t h, w;
    float mean[3], std[3];
};

/* The parts of the scratch. A row of the image is three planes of W + 2 * kPad floats. */
struct Buffers {
    float* rows[2];
    float* outside; /* a row of border */
    float* blended;
    float* sampled;  /* (3, w) a row of the output, not normalised */
    float* fraction; /* (w) */
    int32_t* first;  /* (w) column of `blended` of each output pixel */

    Buffers(Scratch& scratch, int64_t W, int64_t w)
        : rows{take_row(scratch, W), take_row(scratch, W)},
          outside(take_row(scratch, W)),
          blended(take_row(scratch, W)),
          sampled(scratch.take<float>({3, w})),
          fraction(scratch.take<float>({w})),
          first(scratch.take<int32_t>({w})) {}

    static float* take_row(Scratch& scratch, int64_t W) {
        return scratch.take<float>({3, W + 2 * kPad});
    }
};

void unpack_colours(
    float* __restrict first, float* __restrict second, float* __restrict third,
    const uint8_t* __restrict row, int64_t size) {
    for (int64_t x = 0; x < size; ++x) {
        first[x] = (float)row[3 * x];
        second[x] = (float)row[3 * x + 1];
        third[x] = (float)row[3 * x + 2];
    }
}

/* Both pixels of a pair are spelled out, because the compiler would vectorise a loop over the two
 * instead of the outer one.
 */
void unpack_yuv(
    float* __restrict red, float* __restrict green, float* __restrict blue,
    const uint8_t* __restrict luma, const uint8_t* __restrict uv, YuvWeights weights,
    int64_t pairs) {
    for (int64_t i = 0; i < pairs; ++i) {
        const uint8_t u = uv[2 * i], v = uv[2 * i + 1];
        const Colour left = colour_of_yuv(luma[2 * i], u, v, weights);
        const Colour right = colour_of_yuv(luma[2 * i + 1], u, v, weights);
        red[2 * i] = left.red;
        red[2 * i + 1] = right.red;
        green[2 * i] = left.green;
        green[2 * i + 1] = right.green;
        blue[2 * i] = left.blue;
        blue[2 * i + 1] = right.blue;
    }
}

void blend(
    float* __restrict out, const float* __restrict a, const float* __restrict b, float fraction,
    int64_t size) {
    for (int64_t i = 0; i < size; ++i) out[i] = between(a[i], b[i], fraction);
}

void pick(
    float* __restrict out, const float* __restrict row, const int32_t* __restrict first,
    const float* __restrict fraction, int64_t size) {
    for (int64_t x = 0; x < size; ++x)
        out[x] = between(row[first[x]], row[first[x] + 1], fraction[x]);
}

/* Row y of the output: a row of red, one of green, one of blue. */
void sample_row(
    float* __restrict out, const Image& image, const double* __restrict matrix, int64_t y,
    int64_t w) {
    for (int64_t x = 0; x < w; ++x) {
        const PixelPair across = pixels_around(image_coordinate(matrix, y, x), image.W);
        const PixelPair down = pixels_around(image_coordinate(matrix + 3, y, x), image.H);
        const Colour colour = colour_between(image, down, across);
        out[x] = colour.red;
        out[w + x] = colour.green;
        out[2 * w + x] = colour.blue;
    }
}

void finish_row(
    float* __restrict out, const float* __restrict row, float mean, float std, int64_t size) {
    for (int64_t x = 0; x < size; ++x) store_as(out + x, normalised(row[x], mean, std));
}

void finish_row(
    Half* __restrict out, const float* __restrict row, float mean, float std, int64_t size) {
    for (int64_t x = 0; x < size; ++x) store_as(out + x, normalised(row[x], mean, std));
}

/* Normalises buffers.sampled into row y of the output. */
template <typename Value>
void finish(Value* out, const Output& output, const Buffers& buffers, int64_t y) {
    for (int64_t plane = 0; plane < 3; ++plane)
        finish_row(
            out + (plane * output.h + y) * output.w, buffers.sampled + plane * output.w,
            output.mean[plane], output.std[plane], output.w);
}

/* The rows of an image as planes of floats, of which only the columns [first, end) are needed. */
class Rows {
  public:
    Rows(const Image& image, const Buffers& buffers, int64_t first, int64_t end)
        : image_(image), buffers_(buffers), first_(first), end_(end) {
        for (int64_t plane = 0; plane < 3; ++plane) {
            const float value = border(plane);
            /* between the borders on both sides only columns [first, end) are read */
            for (float* row :
                 {buffers.rows[0], buffers.rows[1], buffers.outside, buffers.blended}) {
                float* begin = row + plane * plane_size();
                std::fill(begin, begin + kPad, value);
                std::fill(begin + plane_size() - kPad, begin + plane_size(), value);
            }
            float* outside = buffers.outside + plane * plane_size() + kPad;
            std::fill(outside + first, outside + end, value);
        }
    }

    int64_t plane_size() const { return image_.W + 2 * kPad; }

    /* Row y; row `other` must stay in its buffer. */
    const float* at(int64_t y, int64_t other) {
        if (y < 0 || y >= image_.H) return buffers_.outside;
        for (int slot = 0; slot < 2; ++slot)
            if (held_[slot] == y) return buffers_.rows[slot];
        const int slot = held_[0] == other ? 1 : 0;
        held_[slot] = y;
        unpack(buffers_.rows[slot], y);
        return buffers_.rows[slot];
    }

  private:
    float border(int64_t plane) const {
        const Colour& colour = image_.border;
        return plane == 0 ? colour.red : plane == 1 ? colour.green : colour.blue;
    }

    void unpack(float* row, int64_t y) {
        const int64_t even = first_ / 2 * 2, W = image_.W;
        float *red = row + kPad, *green = red + plane_size(), *blue = green + plane_size();
        if (image_.layout == Layout::nv12) {
            const uint8_t* luma = image_.bytes + y * W + even;
            const uint8_t* uv = image_.bytes + (image_.H + y / 2) * W + even;
            unpack_yuv(
                red + even, green + even, blue + even, luma, uv, image_.yuv, (end_ - even + 1) / 2);
            return;
        }
        const uint8_t* bytes = image_.bytes + 3 * (y * W + first_);
        if (image_.layout == Layout::bgr) std::swap(red, blue);
        unpack_colours(red + first_, green + first_, blue + first_, bytes, end_ - first_);
    }

    const Image& image_;
    const Buffers& buffers_;
    int64_t first_, end_;
    int64_t held_[2] = {kNoRow, kNoRow};
};

template <typename Value>
void zoom(
    Value* out, const Image& image, const double* matrix, const Output& output,
    const Buffers& buffers) {
    int64_t first = image.W, end = 0; /* of the columns that are needed */
    for (int64_t x = 0; x < output.w; ++x) {
        const PixelPair tap = pixels_around(image_coordinate(matrix, 0, x), image.W);
        buffers.first[x] = (int32_t)(tap.first + kPad);
        buffers.fraction[x] = tap.fraction;
        first = std::min(first, std::max<int64_t>(tap.first, 0));
        end = std::max(end, std::min(tap.first + 2, image.W));
    }
    first = std::min(first, end);
    Rows rows(image, buffers, first, end);
    for (int64_t y = 0; y < output.h; ++y) {
        const PixelPair tap = pixels_around(image_coordinate(matrix + 3, y, 0), image.H);
        const float* above = rows.at(tap.first, tap.first + 1);
        const float* below = rows.at(tap.first + 1, tap.first);
        for (int64_t plane = 0; plane < 3; ++plane) {
            float* blended = buffers.blended + plane * rows.plane_size();
            const int64_t from = plane * rows.plane_size() + kPad + first;
            blend(buffers.blended + from, above + from, below + from, tap.fraction, end - first);
            pick(
                buffers.sampled + plane * output.w, blended, buffers.first, buffers.fraction,
                output.w);
        }
        finish(out, output, buffers, y);
    }
}

template <typename Value>
void turn(
    Value* out, const Image& image, const double* matrix, const Output& output,
    const Buffers& buffers) {
    for (int64_t y = 0; y < output.h; ++y) {
        sample_row(buffers.sampled, image, matrix, y, output.w);
        finish(out, output, buffers, y);
    }
}

template <typename Value>
void preprocess(
    Value* out, const Image& image, const double* matrix, const Output& output,
    const Buffers& buffers) {
    if (matrix[1] == 0.0 && matrix[3] == 0.0)
        zoom(out, image, matrix, output, buffers);
    else
        turn(out, image, matrix, output, buffers);
}

}  // namespace
}  // namespace posetrack

using namespace posetrack;

int64_t pt_preprocess_scratch_bytes_cpu(int64_t W, int64_t w) {
    return check_preprocess_sizes(W, w) ? -1 : scratch_bytes<Buffers>(W, w);
}

pt_status pt_preprocess_cpu(
    void* out, void* scratch, int64_t scratch_bytes, const uint8_t* images, const double* matrix,
    pt_dtype out_dtype, int64_t layout, int64_t B, int64_t H, int64_t W, int64_t h, int64_t w,
    float mean_red, float mean_green, float mean_blue, float std_red, float std_green,
    float std_blue, int64_t border) {
    const int64_t needed = pt_preprocess_scratch_bytes_cpu(W, w);
    if (auto status = check_preprocess(
            out, scratch, scratch_bytes, needed, images, matrix, out_dtype, layout, B, H, W, h, w,
            std_red, std_green, std_blue, border))
        return status;
    const Layout how = layout_of(layout);
    Image image{images, H, W, how, layout == PT_NV12_BT601 ? bt601() : bt709(), colour_of(border)};
    const Output output{h, w, {mean_red, mean_green, mean_blue}, {std_red, std_green, std_blue}};
    const auto buffers = lay_out<Buffers>(scratch, W, w);
    for (int64_t b = 0; h > 0 && w > 0 && b < B; ++b) {
        if (H > 0 && W > 0) image.bytes = images + b * image_bytes(how, H, W);
        with_head(out_dtype, [&](auto type) {
            auto* to = static_cast<decltype(type)*>(out) + b * 3 * h * w;
            preprocess(to, image, matrix + 6 * b, output, buffers);
        });
    }
    return PT_OK;
}
