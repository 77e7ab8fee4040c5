/* For kernels/cuda/launch.cuh: a launch runs a kernel's machine code, translated by to_cpp.py,
 * in place of a GPU. Pointers are those of the host.
 */
#ifndef POSETRACK_BENCHMARKS_MACHINE_LAUNCH_H
#define POSETRACK_BENCHMARKS_MACHINE_LAUNCH_H

#define launch launch_on_host /* the kernels' own lines are compiled, and never run */
#include "../../tests/kernels/cuda_on_host.h"
#undef launch

#include <string>

#include "warp.h"

namespace machine {

/* What a launch cost. */
struct Launched {
    const char* name;
    int64_t blocks, threads, shared_bytes;
    uint64_t warp_instructions, lane_instructions;
    uint64_t most_of_block, most_of_warp; /* warp instructions */
};

std::vector<Launched>& launched();

void run_grid(
    const std::string& name, const posetrack::Grid& grid, const unsigned char* arguments,
    size_t bytes);

/* `adapt<float,float>` of what the compiler calls this function. */
template <auto kernel>
std::string name_of() {
    std::string name = __PRETTY_FUNCTION__;
    name = name.substr(name.find("kernel = ") + 9);
    name = name.substr(0, name.find_first_of(";]"));
    for (const char* part : {"posetrack::", "{anonymous}::", "(anonymous namespace)::", " ", "&"})
        for (size_t at; (at = name.find(part)) != std::string::npos;)
            name.erase(at, std::strlen(part));
    return name;
}

/* Arguments as they lie in a GPU's constants. */
template <typename... Parameters, typename... Arguments>
std::vector<unsigned char> packed(void (*)(Parameters...), Arguments... arguments) {
    std::vector<unsigned char> bytes;
    const auto put = [&bytes](const auto& value) {
        const size_t unit = alignof(decltype(value));
        const size_t at = (bytes.size() + unit - 1) / unit * unit;
        bytes.resize(at + sizeof value);
        std::memcpy(bytes.data() + at, &value, sizeof value);
    };
    (put(static_cast<Parameters>(arguments)), ...);
    return bytes;
}

}  // namespace machine

namespace posetrack {

template <auto kernel, typename... Arguments>
pt_status launch(Grid grid, Arguments... arguments) {
    if (grid.blocks == 0) return PT_OK;
    if (!exists(grid)) return PT_INVALID_ARGUMENT;
    const auto bytes = machine::packed(kernel, arguments...);
    machine::run_grid(machine::name_of<kernel>(), grid, bytes.data(), bytes.size());
    return PT_OK;
}

}  // namespace posetrack

#endif
