/* The plugins of TensorRT 8.6: IPluginV2DynamicExt. A plan holds the version, then the attributes,
 * eight bytes each.
 */
#ifndef POSETRACK_TENSORRT_PLUGIN_V2_H
#define POSETRACK_TENSORRT_PLUGIN_V2_H

#include "layer.h"

namespace posetrack {

inline Numbers read_plan(const Op& op, const void* data, size_t bytes) {
    const char* at = static_cast<const char*>(data);
    Value version{};
    if (bytes >= sizeof version) std::memcpy(&version, at, sizeof version);
    check_plan_version(version.whole);
    const size_t wanted = (1 + field_names(op).size()) * sizeof(Value);
    if (bytes != wanted)
        throw std::invalid_argument(
            "the plan must hold " + std::to_string(wanted) + " bytes of the plugin, got " +
            std::to_string(bytes));
    Numbers numbers(op.slots.count);
    for (size_t i = 0; i < numbers.size(); i++) {
        numbers[i].whole = op.slots[i].factor;
        if (is_attribute(op.slots[i])) std::memcpy(&numbers[i], at += sizeof(Value), sizeof(Value));
    }
    return numbers;
}

class Plugin : public nvinfer1::IPluginV2DynamicExt {
  public:
    Plugin(const Op& op, Numbers attributes, std::string space)
        : layer_(op, std::move(attributes)), namespace_(std::move(space)) {}

    const char* getPluginType() const noexcept override { return layer_.op->name; }
    const char* getPluginVersion() const noexcept override { return kVersion; }
    const char* getPluginNamespace() const noexcept override { return namespace_.c_str(); }
    void setPluginNamespace(const char* name) noexcept override {
        guarded(*layer_.op, [&] { namespace_ = name; });
    }
    int32_t initialize() noexcept override { return 0; }
    void terminate() noexcept override {}
    void destroy() noexcept override { delete this; }

    Plugin* clone() const noexcept override {
        Plugin* copy = nullptr;
        guarded(*layer_.op, [&] { copy = new Plugin(*this); });
        return copy;
    }

    size_t getSerializationSize() const noexcept override {
        size_t attributes = 0;
        for (const Slot& slot : layer_.op->slots) attributes += is_attribute(slot);
        return (1 + attributes) * sizeof(Value);
    }

    void serialize(void* data) const noexcept override {
        char* at = static_cast<char*>(data);
        Value version{};
        version.whole = kPlanVersion;
        std::memcpy(at, &version, sizeof version);
        for (size_t i = 0; i < layer_.attributes.size(); i++)
            if (is_attribute(layer_.op->slots[i]))
                std::memcpy(at += sizeof(Value), &layer_.attributes[i], sizeof(Value));
    }

    int32_t getNbOutputs() const noexcept override { return (int32_t)layer_.op->outputs.count; }

    DataType getOutputDataType(int32_t output, const DataType*, int32_t) const noexcept override {
        return type_of(layer_.op->outputs[output].element);
    }

    nvinfer1::DimsExprs getOutputDimensions(
        int32_t output, const nvinfer1::DimsExprs* inputs, int32_t count,
        nvinfer1::IExprBuilder& builder) noexcept override {
        nvinfer1::DimsExprs shape{};
        shape.nbDims = -1; /* which TensorRT refuses */
        guarded(*layer_.op, [&] { shape = layer_.output_shape(output, inputs, count, builder); });
        return shape;
    }

    bool supportsFormatCombination(
        int32_t last, const PluginTensorDesc* arrays, int32_t inputs,
        int32_t outputs) noexcept override {
        return layer_.takes(last, arrays, inputs, outputs);
    }

    void configurePlugin(
        const DynamicPluginTensorDesc* inputs, int32_t count, const DynamicPluginTensorDesc*,
        int32_t) noexcept override {
        guarded(*layer_.op, [&] { layer_.scratch_bytes_for(inputs, count); });
    }

    size_t getWorkspaceSize(
        const PluginTensorDesc* inputs, int32_t count, const PluginTensorDesc*,
        int32_t) const noexcept override {
        size_t bytes = 0;
        guarded(*layer_.op, [&] { bytes = (size_t)layer_.scratch_bytes_for(inputs, count); });
        return bytes;
    }

    int32_t enqueue(
        const PluginTensorDesc* tensors, const PluginTensorDesc*, const void* const* inputs,
        void* const* outputs, void* workspace, cudaStream_t stream) noexcept override {
        return status_of(
            *layer_.op, [&] { layer_.run(tensors, {inputs, outputs, workspace, 0, stream}); });
    }

  private:
    Layer layer_;
    std::string namespace_;
};

class Creator : public nvinfer1::IPluginCreator {
  public:
    explicit Creator(const Op& op)
        : op_(op), fields_(field_names(op)), collection_{(int32_t)fields_.size(), fields_.data()} {}

    const char* getPluginName() const noexcept override { return op_.name; }
    const char* getPluginVersion() const noexcept override { return kVersion; }
    const char* getPluginNamespace() const noexcept override { return namespace_.c_str(); }
    void setPluginNamespace(const char* name) noexcept override {
        guarded(op_, [&] { namespace_ = name; });
    }
    const nvinfer1::PluginFieldCollection* getFieldNames() noexcept override {
        return &collection_;
    }

    Plugin* createPlugin(
        const char*, const nvinfer1::PluginFieldCollection* fields) noexcept override {
        return made([&] { return read_attributes(op_, *fields); });
    }

    Plugin* deserializePlugin(const char*, const void* data, size_t bytes) noexcept override {
        return made([&] { return read_plan(op_, data, bytes); });
    }

  private:
    template <typename Read>
    Plugin* made(Read read) noexcept {
        Plugin* plugin = nullptr;
        guarded(op_, [&] { plugin = new Plugin(op_, read(), namespace_); });
        return plugin;
    }

    const Op& op_;
    const std::vector<nvinfer1::PluginField> fields_;
    const nvinfer1::PluginFieldCollection collection_;
    std::string namespace_ = kDomain;
};

}  // namespace posetrack
#endif
