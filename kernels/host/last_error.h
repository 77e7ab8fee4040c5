/* Why a thread's last call failed. Host only; each library has its own. */
#ifndef POSETRACK_HOST_LAST_ERROR_H
#define POSETRACK_HOST_LAST_ERROR_H

#if !defined(__CUDACC_RTC__)
#include <stddef.h>

namespace posetrack {

struct LastError {
    static constexpr size_t kRoom = 256; /* bytes of the text */

    static char* text() {
        static thread_local char text[kRoom] = "";
        return text;
    }
};

}  // namespace posetrack
#endif
#endif
