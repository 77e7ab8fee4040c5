/* Stands for TensorRT's library: a registry that says which creators were registered with it. */
#include <NvInfer.h>

#include <string>

namespace {

#if NV_TENSORRT_MAJOR >= 10
using Creator = nvinfer1::IPluginCreatorInterface;
using Named = nvinfer1::IPluginCreatorV3One;
#else
using Creator = nvinfer1::IPluginCreator;
using Named = nvinfer1::IPluginCreator;
#endif

std::string registered;

struct Registry : nvinfer1::IPluginRegistry {
    bool registerCreator(Creator& creator, const char* domain) noexcept override {
        const std::string name = static_cast<Named&>(creator).getPluginName();
        registered += std::string(domain) + "::" + name + "\n";
        return name != "PosetrackSoftArgmax";
    }
    void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}
    nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return nullptr; }
    bool isParentSearchEnabled() const override { return true; }
    void setParentSearchEnabled(bool) override {}
    void* loadLibrary(const char*) noexcept override { return nullptr; }
    void deregisterLibrary(void*) noexcept override {}
#if NV_TENSORRT_MAJOR <= 10
#if NV_TENSORRT_MAJOR == 10
    bool registerCreator(nvinfer1::IPluginCreator&, const char*) noexcept override { return false; }
#endif
    nvinfer1::IPluginCreator* const* getPluginCreatorList(int32_t*) const noexcept override {
        return nullptr;
    }
    nvinfer1::IPluginCreator* getPluginCreator(
        const char*, const char*, const char*) noexcept override {
        return nullptr;
    }
    bool deregisterCreator(const nvinfer1::IPluginCreator&) noexcept override { return false; }
#endif
#if NV_TENSORRT_MAJOR >= 10
    Creator* const* getAllCreators(int32_t*) const noexcept override { return nullptr; }
    Creator* getCreator(const char*, const char*, const char*) noexcept override { return nullptr; }
    bool deregisterCreator(const Creator&) noexcept override { return false; }
    nvinfer1::IPluginResource* acquirePluginResource(
        const char*, nvinfer1::IPluginResource*) noexcept override {
        return nullptr;
    }
    int32_t releasePluginResource(const char*) noexcept override { return 0; }
#endif
};

}  // namespace

extern "C" __attribute__((visibility("default"))) nvinfer1::IPluginRegistry* getPluginRegistry() {
    static Registry registry;
    return &registry;
}

extern "C" __attribute__((visibility("default"))) const char* registered_names() {
    return registered.c_str();
}
