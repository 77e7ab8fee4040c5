/* CUDA twins that do nothing but tell how they were called, made from the headers' declarations. */
#include <new>

#include "../../../kernels/include/posetrack/base.h"

namespace {

void* last_stream = nullptr;
pt_status answer = PT_OK;
int64_t allocations = 0;

pt_status called(void* stream) {
    last_stream = stream;
    return answer;
}

}  // namespace

#undef PT_TWINS
#undef PT_SCRATCH
#define PT_TWINS(name, ...) \
    PT_API pt_status name##_cuda(__VA_ARGS__, void* stream) { return called(stream); }
#define PT_SCRATCH(name, ...) \
    PT_API int64_t name##_scratch_bytes_cuda(__VA_ARGS__) { return 192; }

#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wpedantic" /* a definition needs no semicolon */
#include "../../../kernels/include/posetrack_kernels.h"

extern "C" {

PT_API const char* pt_last_error_cuda(void) { return "made up to fail"; }

PT_API void* made_up_stream(void) { return last_stream; }
PT_API void made_up_answer(pt_status status) { answer = status; }
PT_API int64_t made_up_allocations(void) { return allocations; }

/* How the plugins get memory: they are linked with --wrap=_Znwm, which is operator new. */
PT_API void* __wrap__Znwm(size_t bytes) {
    ++allocations;
    return operator new(bytes);
}
}
