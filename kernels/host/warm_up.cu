#include "../cuda/launch.cuh"

pt_status pt_warm_up_cuda(void) {
    using posetrack::Kernel;
    int64_t room = 0;
    for (Kernel* kernel = Kernel::first(); kernel; kernel = kernel->next())
        if (const pt_status status = kernel->prepare(room)) return status;
    return PT_OK;
}
