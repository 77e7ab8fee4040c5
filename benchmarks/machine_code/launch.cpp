/* Runs grids of translated kernels, block by block, and tells what every launch cost. */
#include "../../kernels/cuda/launch.cuh"

namespace machine {

std::vector<Launched>& launched() {
    static std::vector<Launched> all;
    return all;
}

namespace {

Kernel& kernel_of(const std::string& name) {
    for (Kernel* kernel = Kernel::first(); kernel; kernel = kernel->next)
        if (name == kernel->name) return *kernel;
    fail(("there is no machine code of " + name).c_str());
}

uint64_t total(const uint64_t* counts, int size) {
    uint64_t sum = 0;
    for (int i = 0; i < size; ++i) sum += counts[i];
    return sum;
}

/* All warps up to a barrier in turn, until all have ended. */
void run_block(const Kernel& kernel, Block& block, std::vector<Warp>& warps) {
    for (uint32_t at_work = 1; at_work;) {
        at_work = 0;
        for (Warp& warp : warps) {
            if (warp.live) kernel.run(warp);
            at_work |= warp.live;
        }
        for (Warp& warp : warps) {
            warp.ready |= warp.arrived;
            warp.arrived = 0;
        }
        block.result = block.votes;
        block.votes = 0;
    }
}

Block block_of(
    const Kernel& kernel, const posetrack::Grid& grid, const unsigned char* arguments,
    size_t bytes) {
    Block block{};
    const auto put = [&block](size_t at, uint32_t value) {
        std::memcpy(block.constants + at, &value, sizeof value);
    };
    put(0, grid.threads);
    put(4, 1), put(8, 1);
    put(12, (uint32_t)grid.blocks);
    put(16, 1), put(20, 1);
    put(0x28, (uint32_t)kernel.stack_bytes);
    if (kernel.arguments_at + bytes > sizeof block.constants) fail("too many arguments");
    std::memcpy(block.constants + kernel.arguments_at, arguments, bytes);
    return block;
}

}  // namespace

void run_grid(
    const std::string& name, const posetrack::Grid& grid, const unsigned char* arguments,
    size_t bytes) {
    Kernel& kernel = kernel_of(name);
    Block block = block_of(kernel, grid, arguments, bytes);
    std::fill_n(kernel.issued, kernel.instructions, 0);
    std::fill_n(kernel.lanes, kernel.instructions, 0);
    static std::vector<Warp> warps;
    warps.resize((grid.threads + kLanes - 1) / kLanes);
    Launched cost{kernel.name, grid.blocks, grid.threads, grid.shared_bytes, 0, 0, 0, 0};
    for (int64_t i = 0; i < grid.blocks; ++i) {
        block.index = (uint32_t)i;
        block.shared.assign(
            (size_t)(kernel.shared_base + kernel.shared_bytes + grid.shared_bytes), 0xa5);
        for (unsigned n = 0; n < warps.size(); ++n)
            warps[n].start(block, n * kLanes, grid.threads - n * kLanes, kernel.stack_bytes);
        run_block(kernel, block, warps);
        uint64_t issued = 0;
        for (const Warp& warp : warps) {
            issued += warp.issued;
            cost.most_of_warp = std::max(cost.most_of_warp, warp.issued);
        }
        cost.most_of_block = std::max(cost.most_of_block, issued);
    }
    cost.warp_instructions = total(kernel.issued, kernel.instructions);
    cost.lane_instructions = total(kernel.lanes, kernel.instructions);
    launched().push_back(cost);
}

}  // namespace machine

/* For Python: how many launches there were since the last call, and each of them. */
extern "C" int machine_launches() { return (int)machine::launched().size(); }

extern "C" machine::Launched machine_launch(int number) {
    return machine::launched().at((size_t)number);
}

extern "C" void machine_forget() { machine::launched().clear(); }

/* Issues of one kernel's instructions in its last launch. */
extern "C" const uint64_t* machine_issues(const char* name) {
    return machine::kernel_of(name).issued;
}
