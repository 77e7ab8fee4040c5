/* The plugins of TensorRT 10 and newer; include NvInfer.h. */
#ifndef POSETRACK_TENSORRT_STAND_IN_V3_H
#define POSETRACK_TENSORRT_STAND_IN_V3_H

namespace nvinfer1 {

enum class PluginCapabilityType : int32_t { kCORE = 0, kBUILD = 1, kRUNTIME = 2 };
enum class TensorRTPhase : int32_t { kBUILD = 0, kRUNTIME = 1 };

class IPluginResourceContext;

class IPluginCapability : public IVersionedInterface {};

class IPluginV3 : public IVersionedInterface {
  public:
    InterfaceInfo getInterfaceInfo() const noexcept override { return {"PLUGIN", 1, 0}; }
    virtual IPluginCapability* getCapabilityInterface(PluginCapabilityType type) noexcept = 0;
    virtual IPluginV3* clone() noexcept = 0;
};

class IPluginV3OneCore : public IPluginCapability {
  public:
    InterfaceInfo getInterfaceInfo() const noexcept override { return {"PLUGIN_V3ONE_CORE", 1, 0}; }
    virtual const char* getPluginName() const noexcept = 0;
    virtual const char* getPluginVersion() const noexcept = 0;
    virtual const char* getPluginNamespace() const noexcept = 0;
};

class IPluginV3OneBuild : public IPluginCapability {
  public:
    InterfaceInfo getInterfaceInfo() const noexcept override {
        return {"PLUGIN_V3ONE_BUILD", 1, 0};
    }
    virtual int32_t configurePlugin(
        const DynamicPluginTensorDesc* inputs, int32_t input_count,
        const DynamicPluginTensorDesc* outputs, int32_t output_count) noexcept = 0;
    virtual int32_t getOutputDataTypes(
        DataType* outputs, int32_t output_count, const DataType* inputs,
        int32_t input_count) const noexcept = 0;
    virtual int32_t getOutputShapes(
        const DimsExprs* inputs, int32_t input_count, const DimsExprs* shape_inputs,
        int32_t shape_input_count, DimsExprs* outputs, int32_t output_count,
        IExprBuilder& builder) noexcept = 0;
    virtual bool supportsFormatCombination(
        int32_t last, const DynamicPluginTensorDesc* arrays, int32_t inputs,
        int32_t outputs) noexcept = 0;
    virtual int32_t getNbOutputs() const noexcept = 0;
    virtual size_t getWorkspaceSize(
        const DynamicPluginTensorDesc*, int32_t, const DynamicPluginTensorDesc*,
        int32_t) const noexcept {
        return 0;
    }
    virtual int32_t getValidTactics(int32_t*, int32_t) noexcept { return 0; }
    virtual int32_t getNbTactics() noexcept { return 0; }
    virtual const char* getTimingCacheID() noexcept { return nullptr; }
    virtual int32_t getFormatCombinationLimit() noexcept { return 100; }
    virtual const char* getMetadataString() noexcept { return nullptr; }
};

class IPluginV3OneRuntime : public IPluginCapability {
  public:
    InterfaceInfo getInterfaceInfo() const noexcept override {
        return {"PLUGIN_V3ONE_RUNTIME", 1, 0};
    }
    virtual int32_t setTactic(int32_t) noexcept { return 0; }
    virtual int32_t onShapeChange(
        const PluginTensorDesc* inputs, int32_t input_count, const PluginTensorDesc* outputs,
        int32_t output_count) noexcept = 0;
    virtual int32_t enqueue(
        const PluginTensorDesc* input_tensors, const PluginTensorDesc* output_tensors,
        const void* const* inputs, void* const* outputs, void* workspace,
        cudaStream_t stream) noexcept = 0;
    virtual IPluginV3* attachToContext(IPluginResourceContext* context) noexcept = 0;
    virtual const PluginFieldCollection* getFieldsToSerialize() noexcept = 0;
};

class IPluginCreatorInterface : public IVersionedInterface {};

class IPluginCreatorV3One : public IPluginCreatorInterface {
  public:
    InterfaceInfo getInterfaceInfo() const noexcept override {
        return {"PLUGIN CREATOR_V3ONE", 1, 0};
    }
    virtual IPluginV3* createPlugin(
        const char* name, const PluginFieldCollection* fields, TensorRTPhase phase) noexcept = 0;
    virtual const PluginFieldCollection* getFieldNames() noexcept = 0;
    virtual const char* getPluginName() const noexcept = 0;
    virtual const char* getPluginVersion() const noexcept = 0;
    virtual const char* getPluginNamespace() const noexcept = 0;
};

class IErrorRecorder;
class IPluginCreator; /* of plugins before 10 */
class IPluginResource;
using PluginLibraryHandle = void*;

class IPluginRegistry {
  public:
#if NV_TENSORRT_MAJOR == 10
    virtual bool registerCreator(IPluginCreator& creator, const char* domain) noexcept = 0;
    virtual IPluginCreator* const* getPluginCreatorList(int32_t* count) const noexcept = 0;
    virtual IPluginCreator* getPluginCreator(
        const char* name, const char* version, const char* domain = "") noexcept = 0;
#endif
    virtual ~IPluginRegistry() noexcept = default;
    virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
    virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;
#if NV_TENSORRT_MAJOR == 10
    virtual bool deregisterCreator(const IPluginCreator& creator) noexcept = 0;
#endif
    virtual bool isParentSearchEnabled() const = 0;
    virtual void setParentSearchEnabled(bool enabled) = 0;
    virtual PluginLibraryHandle loadLibrary(const char* path) noexcept = 0;
    virtual void deregisterLibrary(PluginLibraryHandle handle) noexcept = 0;
    virtual bool registerCreator(IPluginCreatorInterface& creator, const char* domain) noexcept = 0;
    virtual IPluginCreatorInterface* const* getAllCreators(int32_t* count) const noexcept = 0;
    virtual IPluginCreatorInterface* getCreator(
        const char* name, const char* version, const char* domain = "") noexcept = 0;
    virtual bool deregisterCreator(const IPluginCreatorInterface& creator) noexcept = 0;
    virtual IPluginResource* acquirePluginResource(
        const char* key, IPluginResource* resource) noexcept = 0;
    virtual int32_t releasePluginResource(const char* key) noexcept = 0;
};

}  // namespace nvinfer1

#endif
