/* The plugins of TensorRT 10 and newer: IPluginV3. A plan holds the version and the attributes as
 * fields.
 */
#ifndef POSETRACK_TENSORRT_PLUGIN_V3_H
#define POSETRACK_TENSORRT_PLUGIN_V3_H

#include "layer.h"

namespace posetrack {

class Plugin : public nvinfer1::IPluginV3,
               public nvinfer1::IPluginV3OneCore,
               public nvinfer1::IPluginV3OneBuild,
               public nvinfer1::IPluginV3OneRuntime {
  public:
    Plugin(const Op& op, Numbers attributes) : layer_(op, std::move(attributes)) { describe(); }
    Plugin(const Plugin& other) : Plugin(*other.layer_.op, other.layer_.attributes) {}

    nvinfer1::IPluginCapability* getCapabilityInterface(
        nvinfer1::PluginCapabilityType type) noexcept override {
        switch (type) {
            case nvinfer1::PluginCapabilityType::kCORE:
                return static_cast<nvinfer1::IPluginV3OneCore*>(this);
            case nvinfer1::PluginCapabilityType::kBUILD:
                return static_cast<nvinfer1::IPluginV3OneBuild*>(this);
            case nvinfer1::PluginCapabilityType::kRUNTIME:
                return static_cast<nvinfer1::IPluginV3OneRuntime*>(this);
        }
        return nullptr;
    }

    Plugin* clone() noexcept override {
        Plugin* copy = nullptr;
        guarded(*layer_.op, [&] { copy = new Plugin(*this); });
        return copy;
    }

    const char* getPluginName() const noexcept override { return layer_.op->name; }
    const char* getPluginVersion() const noexcept override { return kVersion; }
    const char* getPluginNamespace() const noexcept override { return kDomain; }

    int32_t getNbOutputs() const noexcept override { return (int32_t)layer_.op->outputs.count; }

    int32_t getOutputDataTypes(
        DataType* types, int32_t count, const DataType*, int32_t) const noexcept override {
        return status_of(*layer_.op, [&] {
            check_count(layer_.op->outputs, count, "outputs");
            for (int32_t i = 0; i < count; i++) types[i] = type_of(layer_.op->outputs[i].element);
        });
    }

    int32_t getOutputShapes(
        const nvinfer1::DimsExprs* inputs, int32_t count, const nvinfer1::DimsExprs*, int32_t,
        nvinfer1::DimsExprs* outputs, int32_t output_count,
        nvinfer1::IExprBuilder& builder) noexcept override {
        return status_of(*layer_.op, [&] {
            check_count(layer_.op->outputs, output_count, "outputs");
            for (int32_t i = 0; i < output_count; i++)
                outputs[i] = layer_.output_shape(i, inputs, count, builder);
        });
    }

    bool supportsFormatCombination(
        int32_t last, const DynamicPluginTensorDesc* arrays, int32_t inputs,
        int32_t outputs) noexcept override {
        return layer_.takes(last, arrays, inputs, outputs);
    }

    int32_t configurePlugin(
        const DynamicPluginTensorDesc* inputs, int32_t count, const DynamicPluginTensorDesc*,
        int32_t) noexcept override {
        return status_of(*layer_.op, [&] { layer_.scratch_bytes_for(inputs, count); });
    }

    size_t getWorkspaceSize(
        const DynamicPluginTensorDesc* inputs, int32_t count, const DynamicPluginTensorDesc*,
        int32_t) const noexcept override {
        size_t bytes = 0;
        guarded(*layer_.op, [&] { bytes = (size_t)layer_.scratch_bytes_for(inputs, count); });
        return bytes;
    }

    int32_t onShapeChange(
        const PluginTensorDesc* inputs, int32_t count, const PluginTensorDesc*,
        int32_t) noexcept override {
        return status_of(*layer_.op, [&] {
            check_count(layer_.op->inputs, count, "inputs");
            layer_.check_inputs(inputs);
        });
    }

    int32_t enqueue(
        const PluginTensorDesc* tensors, const PluginTensorDesc*, const void* const* inputs,
        void* const* outputs, void* workspace, cudaStream_t stream) noexcept override {
        return status_of(
            *layer_.op, [&] { layer_.run(tensors, {inputs, outputs, workspace, 0, stream}); });
    }

    nvinfer1::IPluginV3* attachToContext(nvinfer1::IPluginResourceContext*) noexcept override {
        return clone();
    }

    const nvinfer1::PluginFieldCollection* getFieldsToSerialize() noexcept override {
        return &collection_;
    }

  private:
    void describe() {
        using Type = nvinfer1::PluginFieldType;
        fields_.emplace_back(kPlanVersionField, &kPlanVersion, Type::kINT64, 1);
        for (size_t i = 0; i < layer_.attributes.size(); i++) {
            const Slot& slot = layer_.op->slots[i];
            const Type type = slot.source == Source::kWhole ? Type::kINT64 : Type::kFLOAT64;
            if (is_attribute(slot)) fields_.emplace_back(slot.name, &layer_.attributes[i], type, 1);
        }
        collection_ = {(int32_t)fields_.size(), fields_.data()};
    }

    Layer layer_;
    std::vector<nvinfer1::PluginField> fields_; /* pointing into the layer's attributes */
    nvinfer1::PluginFieldCollection collection_{};
};

class Creator : public nvinfer1::IPluginCreatorV3One {
  public:
    explicit Creator(const Op& op)
        : op_(op), fields_(field_names(op)), collection_{(int32_t)fields_.size(), fields_.data()} {}

    const char* getPluginName() const noexcept override { return op_.name; }
    const char* getPluginVersion() const noexcept override { return kVersion; }
    const char* getPluginNamespace() const noexcept override { return kDomain; }
    const nvinfer1::PluginFieldCollection* getFieldNames() noexcept override {
        return &collection_;
    }

    nvinfer1::IPluginV3* createPlugin(
        const char*, const nvinfer1::PluginFieldCollection* fields,
        nvinfer1::TensorRTPhase phase) noexcept override {
        Plugin* plugin = nullptr;
        guarded(op_, [&] {
            if (phase == nvinfer1::TensorRTPhase::kRUNTIME)
                check_plan_version(whole_in(field_of(*fields, kPlanVersionField)));
            plugin = new Plugin(op_, read_attributes(op_, *fields));
        });
        return plugin;
    }

  private:
    const Op& op_;
    const std::vector<nvinfer1::PluginField> fields_;
    const nvinfer1::PluginFieldCollection collection_;
};

}  // namespace posetrack
#endif
