/* What a launch asks of CUDA's runtime, over a made-up one; test_launch.py runs each story. */
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>

#include "../../kernels/cuda/launch.cuh"

using namespace posetrack;

#define EXPECT(condition)                                            \
    if (!(condition)) {                                              \
        std::printf("line %d: %s is false\n", __LINE__, #condition); \
        return 1;                                                    \
    }

namespace {

void first_kernel(int64_t, float) {}
void second_kernel(int64_t, float) {}

pt_status launch_first(int64_t blocks, int64_t shared_bytes) {
    return launch<first_kernel>({blocks, 256, shared_bytes, nullptr}, 7, 2.5);
}

Cuda& cuda() { return Cuda::instance(); }

int limit_is_set_once_to_all_that_there_is() {
    EXPECT(launch_first(1, 60000) == PT_OK && launch_first(1, 50000) == PT_OK);
    EXPECT(launch_first(1, kSharedOfGpu - kStaticOfKernel) == PT_OK);
    EXPECT(cuda().limits_set == 1 && cuda().launches == 3);
    EXPECT(cuda().limits.begin()->second == kSharedOfGpu - kStaticOfKernel);
    cuda().device = 1;
    EXPECT(launch_first(1, 60000) == PT_OK && cuda().limits_set == 2);
    return 0;
}

int more_shared_memory_than_there_is_is_refused() {
    EXPECT(launch_first(1, kSharedOfGpu) == PT_INVALID_ARGUMENT && cuda().launches == 0);
    EXPECT(std::strstr(LastError::text(), "this GPU has 99000"));
    return 0;
}

int grids_that_cuda_has_not_are_refused() {
    EXPECT(launch_first(-1, 0) == PT_INVALID_ARGUMENT);
    EXPECT(launch_first(kMaxBlocks + 1, 0) == PT_INVALID_ARGUMENT);
    EXPECT(launch_first(1, -1) == PT_INVALID_ARGUMENT);
    EXPECT(launch_first(blocks_for(-1), 0) == PT_INVALID_ARGUMENT);
    EXPECT(blocks_for(INT64_MAX) == INT64_MAX / 256 + 1 && blocks_for(512) == 2);
    EXPECT(launch_first(0, 0) == PT_OK && cuda().launches == 0);
    return 0;
}

int what_cuda_says_is_kept_and_its_error_cleared() {
    cuda().next = cudaErrorNoKernelImageForDevice;
    EXPECT(launch_first(1, 0) == PT_CUDA_ERROR && cuda().last == cudaSuccess);
    const char* wanted = "no kernel image is available (cudaErrorNoKernelImageForDevice)";
    EXPECT(std::strcmp(LastError::text(), wanted) == 0);
    return 0;
}

int arguments_become_what_the_kernel_takes() {
    EXPECT(launch_first(1, 0) == PT_OK && cuda().size == 7 && cuda().value == 2.5f);
    return 0;
}

int warming_up_loads_every_kernel_once_per_device() {
    EXPECT(pt_warm_up_cuda() == PT_OK && cuda().loaded == 2 && cuda().launches == 0);
    EXPECT(pt_warm_up_cuda() == PT_OK && cuda().loaded == 2);
    cuda().device = 1;
    EXPECT(pt_warm_up_cuda() == PT_OK && cuda().loaded == 4 && cuda().limits.size() == 4);
    EXPECT(launch<second_kernel>({1, 256, 60000, nullptr}, 1, 1) == PT_OK);
    EXPECT(cuda().limits_set == 4);
    return 0;
}

}  // namespace

#define STORY(name) {#name, name}

int main(int, char** arguments) {
    const std::map<std::string, std::function<int()>> stories = {
        STORY(limit_is_set_once_to_all_that_there_is),
        STORY(more_shared_memory_than_there_is_is_refused),
        STORY(grids_that_cuda_has_not_are_refused),
        STORY(what_cuda_says_is_kept_and_its_error_cleared),
        STORY(arguments_become_what_the_kernel_takes),
        STORY(warming_up_loads_every_kernel_once_per_device),
    };
    return stories.at(arguments[1])();
}
