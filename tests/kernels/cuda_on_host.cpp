/* How a test says in which order a block's threads take turns, and asks how many grids ran; see
 * cuda_on_host.h.
 */
#include "../../kernels/cuda/launch.cuh"

extern "C" void set_order(int order) {
    posetrack::Block& block = posetrack::Block::instance();
    block.order = static_cast<posetrack::Order>(order);
    block.random.seed(1);
}

extern "C" int grids_run() { return posetrack::Block::instance().grids; }
