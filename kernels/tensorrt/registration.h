/* Where the library registers its creators itself: servers such as Triton merely open it, and ask
 * for nothing, so the environment must say that they are wanted.
 */
#ifndef POSETRACK_TENSORRT_REGISTRATION_H
#define POSETRACK_TENSORRT_REGISTRATION_H

#include <NvInfer.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace posetrack {

constexpr char kRegister[] = "POSETRACK_REGISTER_PLUGINS";

/* The registry of the TensorRT of this process, which need not be in the scope of symbols; NULL
 * where nobody asks for it. What goes wrong is told on stderr, where a server's log is.
 */
inline nvinfer1::IPluginRegistry* registry_if_asked() {
    const char* asked = std::getenv(kRegister);
    if (!asked || std::strcmp(asked, "1") != 0) return nullptr;
    const std::string library = "libnvinfer.so." + std::to_string(NV_TENSORRT_MAJOR);
    void* nvinfer = dlopen(library.c_str(), RTLD_LAZY);
    void* found = nvinfer ? dlsym(nvinfer, "getPluginRegistry") : nullptr;
    if (found) return reinterpret_cast<nvinfer1::IPluginRegistry* (*)()>(found)();
    std::fprintf(stderr, "posetrack: %s=1, but %s\n", kRegister, dlerror());
    return nullptr;
}

}  // namespace posetrack
#endif
