// The little of pictures that the example needs: binary PPM, resizing, lines. OpenCV's imread,
// resize, line and imwrite do the same for every format.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Picture {
    int width, height;
    std::vector<uint8_t> rgb;  // rows of pixels of three bytes, black at first

    Picture(int w, int h) : width(w), height(h), rgb(size_t(w) * h * 3) {}
    uint8_t* at(int x, int y) { return &rgb[(size_t(y) * width + x) * 3]; }
    const uint8_t* at(int x, int y) const { return &rgb[(size_t(y) * width + x) * 3]; }
};

inline Picture read_ppm(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string magic;
    int width = 0, height = 0, top = 0;
    file >> magic >> width >> height >> top;
    if (!file || magic != "P6" || width < 1 || height < 1 || top != 255 || file.get() == EOF)
        throw std::runtime_error(path + " must be a binary PPM (P6) of 8 bits without comments");
    Picture picture(width, height);
    if (!file.read(reinterpret_cast<char*>(picture.rgb.data()), picture.rgb.size()))
        throw std::runtime_error(path + " ends too early");
    return picture;
}

inline void write_ppm(const std::string& path, const Picture& picture) {
    std::ofstream file(path, std::ios::binary);
    file << "P6\n" << picture.width << ' ' << picture.height << "\n255\n";
    file.write(reinterpret_cast<const char*>(picture.rgb.data()), picture.rgb.size());
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

struct Weight {
    int index;
    double value;
};

// Which of `size` pixels make each of `count`, and by how much: a triangle filter, bilinear down to
// half the size and wider below, so that every pixel counts.
inline std::vector<std::vector<Weight>> triangle_weights(int size, int count) {
    const double step = double(size) / count, radius = std::max(1.0, step / 2);
    std::vector<std::vector<Weight>> weights(count);
    for (int i = 0; i < count; ++i) {
        const double center = (i + 0.5) * step - 0.5;
        const int last = std::min(size - 1, int(std::floor(center + radius)));
        double sum = 0;
        for (int j = std::max(0, int(std::ceil(center - radius))); j <= last; ++j) {
            weights[i].push_back({j, 1 - std::abs(j - center) / radius});
            sum += weights[i].back().value;
        }
        for (Weight& weight : weights[i]) weight.value /= sum;
    }
    return weights;
}

// The picture at `width` x `height` pixels, at the top left of a canvas.
inline void paste(const Picture& picture, int width, int height, Picture& canvas) {
    const auto columns = triangle_weights(picture.width, width);
    const auto rows = triangle_weights(picture.height, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c) {
                double value = 0;
                for (const Weight& row : rows[y])
                    for (const Weight& column : columns[x])
                        value += row.value * column.value * picture.at(column.index, row.index)[c];
                canvas.at(x, y)[c] = uint8_t(value + 0.5);
            }
}

// An orange line between two points, in pixels; what lies outside the picture is left out.
inline void draw_line(Picture& picture, double x1, double y1, double x2, double y2) {
    const double radius = picture.height / 240.0;
    const int steps = int(std::hypot(x2 - x1, y2 - y1)) + 1;
    for (int i = 0; i <= steps; ++i) {
        const double x = x1 + (x2 - x1) * i / steps, y = y1 + (y2 - y1) * i / steps;
        for (int v = std::max(0.0, y - radius); v <= std::min(picture.height - 1.0, y + radius);
             ++v)
            for (int u = std::max(0.0, x - radius); u <= std::min(picture.width - 1.0, x + radius);
                 ++u)
                std::copy_n("\xff\x45\x00", 3, picture.at(u, v));
    }
}
