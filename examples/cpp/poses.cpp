// poses MODEL.onnx PICTURE.ppm OUTPUT.ppm [libposetrack_ort.so]: draws the people, and prints one
// line of JSON for each.
#include <onnxruntime_cxx_api.h>

#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "picture.h"

using nlohmann::json;
constexpr float kMinScore = 0.2f;  // of people and of keypoints

int main(int argc, char** argv) try {
    if (argc < 4) throw std::runtime_error("poses MODEL.onnx PICTURE.ppm OUTPUT.ppm [LIBRARY.so]");
    Ort::Env env(ORT_LOGGING_LEVEL_ERROR, "posetrack");
    Ort::SessionOptions options;
    if (argc > 4) options.RegisterCustomOpsLibrary(argv[4]);  // our operators, natively
    Ort::Session session(env, argv[1], options);
    Ort::AllocatorWithDefaultOptions allocator;
    const json spec = json::parse(
        session.GetModelMetadata().LookupCustomMetadataMapAllocated("posetrack", allocator).get());

    // the network's input: the picture at its top left, and black
    Picture picture = read_ppm(argv[2]);
    const auto [low, high] = std::minmax(picture.width, picture.height);
    const int size = spec["sizing"]["size"], multiple = spec["sizing"]["multiple_of"];
    const double aspect = std::min(double(high) / low, double(spec["sizing"]["max_aspect"]));
    const int length = std::max(size, int(std::lround(size * aspect / multiple)) * multiple);
    const bool upright = picture.height > picture.width;
    Picture input(upright ? size : length, upright ? length : size);
    const double scale =
        std::min(double(input.width) / picture.width, double(input.height) / picture.height);
    const std::array<int, 2> filled = {
        int(std::lround(picture.width * scale)), int(std::lround(picture.height * scale))};
    paste(picture, filled[0], filled[1], input);

    const std::array<int64_t, 4> shape = {1, input.height, input.width, 3};
    const auto image = Ort::Value::CreateTensor<uint8_t>(
        allocator.GetInfo(), input.rgb.data(), input.rgb.size(), shape.data(), shape.size());
    const char* inputs[] = {"image"};
    const char* outputs[] = {"keypoints", "keypoint_scores", "scores", "count"};
    auto results = session.Run(Ort::RunOptions{}, inputs, &image, 1, outputs, 4);

    const float* xy = results[0].GetTensorData<float>();
    const float* keypoint_scores = results[1].GetTensorData<float>();
    const float* scores = results[2].GetTensorData<float>();
    const size_t k = spec["skeleton"]["keypoints"].size();
    const double zoom_x = double(filled[0]) / picture.width;
    const double zoom_y = double(filled[1]) / picture.height;
    for (int i = 0; i < *results[3].GetTensorData<int>() && scores[i] > kMinScore; ++i) {
        std::vector<std::array<double, 3>> keypoints;  // x and y in pixels of the picture, score
        for (size_t j = i * k; j < (i + 1) * k; ++j)
            keypoints.push_back(
                {(xy[2 * j] + 0.5) / zoom_x - 0.5, (xy[2 * j + 1] + 0.5) / zoom_y - 0.5,
                 keypoint_scores[j]});
        for (const auto& edge : spec["skeleton"]["edges"]) {
            const auto &a = keypoints[edge[0]], &b = keypoints[edge[1]];
            if (std::min(a[2], b[2]) > kMinScore) draw_line(picture, a[0], a[1], b[0], b[1]);
        }
        std::cout << json{{"score", scores[i]}, {"keypoints", keypoints}} << '\n';
    }
    write_ppm(argv[3], picture);
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
