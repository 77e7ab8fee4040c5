/* What a library says of itself. Both are compiled with this file; PT_TWIN is the ending of its
 * functions, `cpu` or `cuda`.
 */
#include "../include/posetrack_kernels.h"
#include "last_error.h"

#define PT_JOIN(name, twin) name##_##twin
#define PT_OF_TWIN(name, twin) PT_JOIN(name, twin)

int32_t PT_OF_TWIN(pt_abi_version, PT_TWIN)(void) { return PT_ABI_VERSION; }

const char* PT_OF_TWIN(pt_last_error, PT_TWIN)(void) { return posetrack::LastError::text(); }
