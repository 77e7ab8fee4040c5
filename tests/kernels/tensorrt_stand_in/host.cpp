/* A host of plugins in TensorRT's place, as functions in C: it loads the library and asks a plugin
 * what TensorRT asks, in TensorRT's order, through the stand-in's interfaces.
 */
#include <NvInfer.h>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace nvinfer1;

namespace {

std::string serialized;

/* What Python says of an array. */
struct Tensor {
    int32_t type, format, rank;
    int64_t sides[Dims::MAX_DIMS];
};

struct Log : ILogger {
    void log(Severity severity, const char* message) noexcept override {
        if (severity == Severity::kERROR) text += std::string(message) + "\n";
    }
    std::string text;
} logger;

struct Finder : ILoggerFinder {
    ILogger* findLogger() override { return &logger; }
} finder;

/* ---- sizes: an input's may be anything, so nobody may read them */

struct Expression : IDimensionExpr, apiv::VDimensionExpr {
    Expression(int64_t value, bool constant) : value(value), constant(constant) { mImpl = this; }
    bool isConstant() const override { return constant; }
    Extent getConstantValue() const override {
        if (!constant) std::abort();
        return (Extent)value;
    }
#if NV_TENSORRT_MAJOR >= 10
    bool isSizeTensor() const override { return false; }
#endif
    int64_t value;
    bool constant;
};

struct Builder : IExprBuilder, apiv::VExprBuilder {
    Builder() { mImpl = this; }
    const Expression* made(int64_t value, bool constant) {
        all.push_back(std::make_unique<Expression>(value, constant));
        return all.back().get();
    }
    const IDimensionExpr* constant(Extent value) override { return made(value, true); }
    const IDimensionExpr* operation(
        DimensionOperation operation, const IDimensionExpr& first,
        const IDimensionExpr& second) override {
        const auto& a = static_cast<const Expression&>(first);
        const auto& b = static_cast<const Expression&>(second);
        const bool constant = a.constant && b.constant;
        if (operation == DimensionOperation::kSUM) return made(a.value + b.value, constant);
        if (operation == DimensionOperation::kPROD) return made(a.value * b.value, constant);
        if (operation == DimensionOperation::kFLOOR_DIV) return made(a.value / b.value, constant);
        std::abort();
    }
#if NV_TENSORRT_MAJOR >= 10
    const IDimensionExpr* declareSizeTensor(
        int32_t, const IDimensionExpr&, const IDimensionExpr&) override {
        std::abort();
    }
#endif
    DimsExprs shape(const Tensor& tensor) {
        DimsExprs shape{tensor.rank, {}};
        for (int32_t i = 0; i < tensor.rank; i++) shape.d[i] = made(tensor.sides[i], false);
        return shape;
    }
    std::vector<std::unique_ptr<Expression>> all;
};

void evaluate(const DimsExprs& shape, Tensor& tensor) {
    tensor.rank = shape.nbDims;
    for (int32_t i = 0; i < shape.nbDims; i++)
        tensor.sides[i] = static_cast<const Expression*>(shape.d[i])->value;
}

/* ---- descriptions */

Dims dims_of(const Tensor& tensor) {
    Dims dims{tensor.rank, {}};
    for (int32_t i = 0; i < tensor.rank; i++) dims.d[i] = (Extent)tensor.sides[i];
    return dims;
}

PluginTensorDesc tensor_of(const Tensor& tensor) {
    return {dims_of(tensor), (DataType)tensor.type, (TensorFormat)tensor.format, 1.0f};
}

/* A network whose sides are all open, and go up to those of the tensor. */
DynamicPluginTensorDesc open_of(const Tensor& tensor) {
    DynamicPluginTensorDesc open{};
    open.desc = tensor_of(tensor);
    open.max = open.min = open.desc.dims;
    for (int32_t i = 0; i < tensor.rank; i++) open.desc.dims.d[i] = -1, open.min.d[i] = 0;
    return open;
}

template <typename Described>
std::vector<Described> each(Described (*describe)(const Tensor&), const Tensor* all, int32_t n) {
    std::vector<Described> described;
    for (int32_t i = 0; i < n; i++) described.push_back(describe(all[i]));
    return described;
}

/* Memory with a page on either side that nobody may touch; it begins or ends at one. */
class Guarded {
  public:
    Guarded(size_t bytes, bool at_end) {
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        const size_t inner = (bytes + page - 1) / page * page;
        bytes_ = inner + 2 * page;
        whole_ = static_cast<char*>(
            mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (whole_ == MAP_FAILED) std::abort();
        if (inner && mprotect(whole_ + page, inner, PROT_READ | PROT_WRITE)) std::abort();
        memset(whole_ + page, 0xa5, inner);
        start = bytes == 0 ? nullptr : whole_ + page + (at_end ? inner - bytes : 0);
    }
    ~Guarded() { munmap(whole_, bytes_); }
    Guarded(const Guarded&) = delete;
    void* start;

  private:
    char* whole_;
    size_t bytes_;
};

/* ---- what differs between the interfaces */

#if NV_TENSORRT_MAJOR >= 10

using Plugin = IPluginV3;
using Creator = IPluginCreatorV3One;
using Registered = IPluginCreatorInterface;
constexpr const char* kEntry = "getCreators";

IPluginV3OneBuild& build(void* plugin) {
    return *static_cast<IPluginV3OneBuild*>(
        static_cast<Plugin*>(plugin)->getCapabilityInterface(PluginCapabilityType::kBUILD));
}

IPluginV3OneRuntime& runtime(Plugin* plugin) {
    return *static_cast<IPluginV3OneRuntime*>(
        plugin->getCapabilityInterface(PluginCapabilityType::kRUNTIME));
}

Creator* known(Registered* creator) {
    const InterfaceInfo info = creator->getInterfaceInfo();
    if (std::strcmp(info.kind, "PLUGIN CREATOR_V3ONE") != 0 || info.major != 1) std::abort();
    return static_cast<Creator*>(creator);
}

Plugin* create(Creator& creator, const PluginFieldCollection& fields) {
    return creator.createPlugin("layer", &fields, TensorRTPhase::kBUILD);
}

void destroy(Plugin* plugin) { delete plugin; }

void append(const void* data, size_t bytes) { serialized.append((const char*)data, bytes); }

size_t size_of(PluginFieldType type) {
    return type == PluginFieldType::kINT32 || type == PluginFieldType::kFLOAT32 ? 4 : 8;
}

#else

using Plugin = IPluginV2DynamicExt;
using Creator = IPluginCreator;
using Registered = IPluginCreator;
constexpr const char* kEntry = "getPluginCreators";

Plugin& build(void* plugin) { return *static_cast<Plugin*>(plugin); }
Creator* known(Registered* creator) { return creator; }

Plugin* create(Creator& creator, const PluginFieldCollection& fields) {
    return static_cast<Plugin*>(creator.createPlugin("layer", &fields));
}

void destroy(Plugin* plugin) { plugin->destroy(); }

#endif

std::vector<Creator*> creators;

}  // namespace

#define HOST extern "C" __attribute__((visibility("default")))

/* How many creators the library has, -1 where it cannot be loaded. */
HOST int32_t host_open(const char* path) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        logger.text = dlerror();
        return -1;
    }
    using Entry = Registered* const* (*)(int32_t&);
    using SetFinder = void (*)(ILoggerFinder*);
    ((SetFinder)dlsym(library, "setLoggerFinder"))(&finder);
    int32_t count = 0;
    Registered* const* all = ((Entry)dlsym(library, kEntry))(count);
    creators.clear();
    for (int32_t i = 0; i < count; i++) creators.push_back(known(all[i]));
    return count;
}

/* What was logged since the last call. */
HOST const char* host_log() {
    static std::string text;
    text.swap(logger.text);
    logger.text.clear();
    return text.c_str();
}

HOST const char* host_name(int32_t i) { return creators[i]->getPluginName(); }
HOST const char* host_version(int32_t i) { return creators[i]->getPluginVersion(); }
HOST const char* host_namespace(int32_t i) { return creators[i]->getPluginNamespace(); }

/* The name of a creator's field, NULL behind the last. */
HOST const char* host_field(int32_t i, int32_t field) {
    const PluginFieldCollection& fields = *creators[i]->getFieldNames();
    return field < fields.nbFields ? fields.fields[field].name : nullptr;
}

HOST void* host_create(int32_t i, const PluginField* fields, int32_t count) {
    return create(*creators[i], {count, fields});
}

HOST void host_destroy(void* plugin) { destroy(static_cast<Plugin*>(plugin)); }

HOST const char* host_plugin_name(void* plugin) {
#if NV_TENSORRT_MAJOR >= 10
    auto& core = *static_cast<IPluginV3OneCore*>(
        static_cast<Plugin*>(plugin)->getCapabilityInterface(PluginCapabilityType::kCORE));
    return core.getPluginName();
#else
    return build(plugin).getPluginType();
#endif
}

/* What a plan holds of a plugin; the text stands until the next call. */
HOST const char* host_serialize(void* plugin, int64_t* bytes) {
    serialized.clear();
#if NV_TENSORRT_MAJOR >= 10
    const PluginFieldCollection& fields =
        *runtime(static_cast<Plugin*>(plugin)).getFieldsToSerialize();
    for (int32_t i = 0; i < fields.nbFields; i++) {
        const PluginField& field = fields.fields[i];
        append(field.name, std::strlen(field.name) + 1);
        append(&field.type, sizeof field.type);
        append(&field.length, sizeof field.length);
        append(field.data, size_of(field.type) * field.length);
    }
#else
    serialized.resize(build(plugin).getSerializationSize());
    build(plugin).serialize(&serialized[0]);
#endif
    *bytes = (int64_t)serialized.size();
    return serialized.data();
}

HOST void* host_deserialize(int32_t i, const char* data, int64_t bytes) {
#if NV_TENSORRT_MAJOR >= 10
    std::vector<PluginField> fields;
    for (const char *at = data, *end = data + bytes; at < end;) {
        PluginField field(at);
        at += std::strlen(at) + 1;
        std::memcpy(&field.type, at, sizeof field.type);
        std::memcpy(&field.length, at += sizeof field.type, sizeof field.length);
        field.data = at += sizeof field.length;
        at += size_of(field.type) * field.length;
        fields.push_back(field);
    }
    const PluginFieldCollection all{(int32_t)fields.size(), fields.data()};
    return creators[i]->createPlugin("layer", &all, TensorRTPhase::kRUNTIME);
#else
    return static_cast<Plugin*>(creators[i]->deserializePlugin("layer", data, (size_t)bytes));
#endif
}

HOST int32_t
host_takes(void* plugin, int32_t last, const Tensor* tensors, int32_t inputs, int32_t outputs) {
#if NV_TENSORRT_MAJOR >= 10
    const auto all = each(open_of, tensors, last + 1); /* no more is known then */
#else
    const auto all = each(tensor_of, tensors, last + 1);
#endif
    return build(plugin).supportsFormatCombination(last, all.data(), inputs, outputs);
}

/* Types and shapes of the outputs, and whether the plugin takes all that and tells them. */
HOST int32_t host_infer(
    void* plugin, const Tensor* inputs, int32_t count, Tensor* outputs, int32_t output_count) {
    auto& asked = build(plugin);
    if (asked.getNbOutputs() != output_count) return -2;
    Builder builder;
    std::vector<DimsExprs> given, shapes((size_t)output_count);
    std::vector<DataType> types, output_types((size_t)output_count);
    for (int32_t i = 0; i < count; i++) {
        given.push_back(builder.shape(inputs[i]));
        types.push_back((DataType)inputs[i].type);
    }
#if NV_TENSORRT_MAJOR >= 10
    if (asked.getOutputDataTypes(output_types.data(), output_count, types.data(), count)) return -3;
    if (asked.getOutputShapes(
            given.data(), count, nullptr, 0, shapes.data(), output_count, builder))
        return -4;
#else
    for (int32_t i = 0; i < output_count; i++) {
        output_types[i] = asked.getOutputDataType(i, types.data(), count);
        shapes[i] = asked.getOutputDimensions(i, given.data(), count, builder);
        if (shapes[i].nbDims < 0) return -4;
    }
#endif
    for (int32_t i = 0; i < output_count; i++) {
        outputs[i].type = (int32_t)output_types[i];
        evaluate(shapes[i], outputs[i]);
    }
    return 0;
}

HOST int64_t host_workspace(
    void* plugin, const Tensor* inputs, int32_t count, const Tensor* outputs,
    int32_t output_count) {
    const auto ins = each(open_of, inputs, count), outs = each(open_of, outputs, output_count);
    auto& asked = build(plugin);
#if NV_TENSORRT_MAJOR >= 10
    if (asked.configurePlugin(ins.data(), count, outs.data(), output_count)) return -1;
    return (int64_t)asked.getWorkspaceSize(ins.data(), count, outs.data(), output_count);
#else
    asked.configurePlugin(ins.data(), count, outs.data(), output_count);
    const auto in = each(tensor_of, inputs, count), out = each(tensor_of, outputs, output_count);
    return (int64_t)asked.getWorkspaceSize(in.data(), count, out.data(), output_count);
#endif
}

/* A plugin for one execution context, which host_destroy() ends. */
HOST void* host_attach(void* plugin) {
#if NV_TENSORRT_MAJOR >= 10
    return runtime(static_cast<Plugin*>(plugin)).attachToContext(nullptr);
#else
    Plugin* own = build(plugin).clone();
    own->attachToContext(nullptr, nullptr, nullptr);
    return own->initialize() == 0 ? own : nullptr;
#endif
}

/* Runs it with that many bytes of workspace between two guards: 0, or what it answers. */
HOST int32_t host_enqueue(
    void* plugin, const Tensor* inputs, int32_t count, const Tensor* outputs, int32_t output_count,
    const void* const* in, void* const* out, int64_t workspace_bytes, int32_t at_end, void* stream,
    int64_t (*allocations)(), int64_t* allocated) {
    const auto ins = each(tensor_of, inputs, count), outs = each(tensor_of, outputs, output_count);
    const Guarded workspace((size_t)workspace_bytes, at_end != 0);
    const auto handle = (cudaStream_t)stream;
#if NV_TENSORRT_MAJOR >= 10
    auto& asked = runtime(static_cast<Plugin*>(plugin));
    if (asked.onShapeChange(ins.data(), count, outs.data(), output_count)) return -2;
#else
    auto& asked = build(plugin);
#endif
    const int64_t before = allocations ? allocations() : 0;
    const int32_t status = asked.enqueue(ins.data(), outs.data(), in, out, workspace.start, handle);
    if (allocations) *allocated = allocations() - before;
    return status;
}
