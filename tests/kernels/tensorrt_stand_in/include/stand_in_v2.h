/* The plugins of TensorRT 8.6; include NvInfer.h. What a plugin with dynamic shapes has no use for
 * is closed here, as it is there.
 */
#ifndef POSETRACK_TENSORRT_STAND_IN_V2_H
#define POSETRACK_TENSORRT_STAND_IN_V2_H

namespace nvinfer1 {

class IGpuAllocator;

constexpr int32_t kPluginsOf = 8600;     /* the version that plugins say they were made for */
constexpr int32_t kDynamicExt = 3 << 24; /* and, above it, of which kind they are */

class IPluginV2 {
  public:
    virtual int32_t getTensorRTVersion() const noexcept { return kPluginsOf; }
    virtual const char* getPluginType() const noexcept = 0;
    virtual const char* getPluginVersion() const noexcept = 0;
    virtual int32_t getNbOutputs() const noexcept = 0;
    virtual Dims getOutputDimensions(
        int32_t output, const Dims* inputs, int32_t count) noexcept = 0;
    virtual bool supportsFormat(DataType type, PluginFormat format) const noexcept = 0;
    virtual void configureWithFormat(
        const Dims* inputs, int32_t input_count, const Dims* outputs, int32_t output_count,
        DataType type, PluginFormat format, int32_t max_batch) noexcept = 0;
    virtual int32_t initialize() noexcept = 0;
    virtual void terminate() noexcept = 0;
    virtual size_t getWorkspaceSize(int32_t max_batch) const noexcept = 0;
    virtual int32_t enqueue(
        int32_t batch, const void* const* inputs, void* const* outputs, void* workspace,
        cudaStream_t stream) noexcept = 0;
    virtual size_t getSerializationSize() const noexcept = 0;
    virtual void serialize(void* buffer) const noexcept = 0;
    virtual void destroy() noexcept = 0;
    virtual IPluginV2* clone() const noexcept = 0;
    virtual void setPluginNamespace(const char* name) noexcept = 0;
    virtual const char* getPluginNamespace() const noexcept = 0;
    virtual ~IPluginV2() noexcept = default;
};

class IPluginV2Ext : public IPluginV2 {
  public:
    virtual DataType getOutputDataType(
        int32_t output, const DataType* inputs, int32_t count) const noexcept = 0;
    virtual bool isOutputBroadcastAcrossBatch(
        int32_t output, const bool* inputs, int32_t count) const noexcept = 0;
    virtual bool canBroadcastInputAcrossBatch(int32_t input) const noexcept = 0;
    virtual void configurePlugin(
        const Dims* inputs, int32_t input_count, const Dims* outputs, int32_t output_count,
        const DataType* input_types, const DataType* output_types, const bool* shared_inputs,
        const bool* shared_outputs, PluginFormat format, int32_t max_batch) noexcept = 0;
    virtual void attachToContext(cudnnContext*, cublasContext*, IGpuAllocator*) noexcept {}
    virtual void detachFromContext() noexcept {}
    IPluginV2Ext* clone() const noexcept override = 0;

  protected:
    void configureWithFormat(
        const Dims*, int32_t, const Dims*, int32_t, DataType, PluginFormat,
        int32_t) noexcept override {}
};

class IPluginV2DynamicExt : public IPluginV2Ext {
  public:
    IPluginV2DynamicExt* clone() const noexcept override = 0;
    virtual DimsExprs getOutputDimensions(
        int32_t output, const DimsExprs* inputs, int32_t count, IExprBuilder& builder) noexcept = 0;
    virtual bool supportsFormatCombination(
        int32_t last, const PluginTensorDesc* arrays, int32_t inputs, int32_t outputs) noexcept = 0;
    virtual void configurePlugin(
        const DynamicPluginTensorDesc* inputs, int32_t input_count,
        const DynamicPluginTensorDesc* outputs, int32_t output_count) noexcept = 0;
    virtual size_t getWorkspaceSize(
        const PluginTensorDesc* inputs, int32_t input_count, const PluginTensorDesc* outputs,
        int32_t output_count) const noexcept = 0;
    virtual int32_t enqueue(
        const PluginTensorDesc* input_tensors, const PluginTensorDesc* output_tensors,
        const void* const* inputs, void* const* outputs, void* workspace,
        cudaStream_t stream) noexcept = 0;

  protected:
    int32_t getTensorRTVersion() const noexcept override { return kDynamicExt | kPluginsOf; }

  private:
    void configurePlugin(
        const Dims*, int32_t, const Dims*, int32_t, const DataType*, const DataType*, const bool*,
        const bool*, PluginFormat, int32_t) noexcept final {}
    bool supportsFormat(DataType, PluginFormat) const noexcept final { return false; }
    Dims getOutputDimensions(int32_t, const Dims*, int32_t) noexcept final { return Dims{-1, {}}; }
    bool isOutputBroadcastAcrossBatch(int32_t, const bool*, int32_t) const noexcept final {
        return false;
    }
    bool canBroadcastInputAcrossBatch(int32_t) const noexcept final { return true; }
    size_t getWorkspaceSize(int32_t) const noexcept final { return 0; }
    int32_t enqueue(int32_t, const void* const*, void* const*, void*, cudaStream_t) noexcept final {
        return 1;
    }
};

class IPluginCreator {
  public:
    virtual int32_t getTensorRTVersion() const noexcept { return kPluginsOf; }
    virtual const char* getPluginName() const noexcept = 0;
    virtual const char* getPluginVersion() const noexcept = 0;
    virtual const PluginFieldCollection* getFieldNames() noexcept = 0;
    virtual IPluginV2* createPlugin(
        const char* name, const PluginFieldCollection* fields) noexcept = 0;
    virtual IPluginV2* deserializePlugin(
        const char* name, const void* data, size_t bytes) noexcept = 0;
    virtual void setPluginNamespace(const char* name) noexcept = 0;
    virtual const char* getPluginNamespace() const noexcept = 0;
    virtual ~IPluginCreator() = default;
};

class IErrorRecorder;
using PluginLibraryHandle = void*;

class IPluginRegistry {
  public:
    virtual bool registerCreator(IPluginCreator& creator, const char* domain) noexcept = 0;
    virtual IPluginCreator* const* getPluginCreatorList(int32_t* count) const noexcept = 0;
    virtual IPluginCreator* getPluginCreator(
        const char* name, const char* version, const char* domain = "") noexcept = 0;
    virtual ~IPluginRegistry() noexcept = default;
    virtual void setErrorRecorder(IErrorRecorder* recorder) noexcept = 0;
    virtual IErrorRecorder* getErrorRecorder() const noexcept = 0;
    virtual bool deregisterCreator(const IPluginCreator& creator) noexcept = 0;
    virtual bool isParentSearchEnabled() const = 0;
    virtual void setParentSearchEnabled(bool enabled) = 0;
    virtual PluginLibraryHandle loadLibrary(const char* path) noexcept = 0;
    virtual void deregisterLibrary(PluginLibraryHandle handle) noexcept = 0;
};

}  // namespace nvinfer1

#endif
