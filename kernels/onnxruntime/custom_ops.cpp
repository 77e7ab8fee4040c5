/* What ONNX Runtime calls: every operator of the table, on the CPU and, where it was built, on
 * CUDA.
 */
#include <climits>
#include <map>
#include <mutex>

#include "../ops/ops_table.inc"
#include "inference.h"
#include "node.h"

namespace posetrack {
namespace {

constexpr uint32_t kApi = 18; /* ONNX Runtime 1.18 has all that is asked for here */
static_assert(ORT_API_VERSION >= kApi, "the headers must be those of ONNX Runtime 1.18 or newer");

DeviceOp on_cpu(const OrtApi& api, const Op& op) {
    return {api, op, op.cpu, nullptr, pt_last_error_cpu};
}

#if defined(PT_OPS_ON_CUDA)
DeviceOp on_cuda(const OrtApi& api, const Op& op) {
    return {api, op, op.cuda, "CUDAExecutionProvider", pt_last_error_cuda};
}
#endif

struct CustomOp : OrtCustomOp {
    const DeviceOp device;

    explicit CustomOp(const DeviceOp& device);
};

const DeviceOp& device_of(const OrtCustomOp* op) {
    return static_cast<const CustomOp*>(op)->device;
}

const Op& op_of(const OrtCustomOp* op) { return device_of(op).op; }

CustomOp::CustomOp(const DeviceOp& device) : OrtCustomOp{}, device(device) {
    version = kApi;
    GetName = [](const OrtCustomOp* op) { return op_of(op).name; };
    GetExecutionProviderType = [](const OrtCustomOp* op) { return device_of(op).provider; };
    GetInputTypeCount = [](const OrtCustomOp* op) { return op_of(op).inputs.count; };
    GetOutputTypeCount = [](const OrtCustomOp* op) { return op_of(op).outputs.count; };
    GetInputType = [](const OrtCustomOp* op, size_t i) {
        return onnx_type_of(op_of(op).inputs[i].element);
    };
    GetOutputType = [](const OrtCustomOp* op, size_t i) {
        return onnx_type_of(op_of(op).outputs[i].element);
    };
    GetInputCharacteristic =
        GetOutputCharacteristic = [](const OrtCustomOp*, size_t) { return INPUT_OUTPUT_REQUIRED; };
    GetInputMemoryType = [](const OrtCustomOp*, size_t) { return OrtMemTypeDefault; };
    GetStartVersion = [](const OrtCustomOp*) { return 1; };
    GetEndVersion = [](const OrtCustomOp*) { return INT_MAX; };
    CreateKernelV2 = [](const OrtCustomOp* op, const OrtApi*, const OrtKernelInfo* info,
                        void** node) {
        const DeviceOp& device = device_of(op);
        return guarded(device, [&] { *node = new Node(device, info); });
    };
    KernelComputeV2 = [](void* kernel, OrtKernelContext* context) {
        const Node& node = *static_cast<Node*>(kernel);
        return guarded(node.device, [&] { node.compute(context); });
    };
    KernelDestroy = [](void* node) { delete static_cast<Node*>(node); };
    InferOutputShapeFn = [](const OrtCustomOp* op, OrtShapeInferContext* context) {
        const DeviceOp& device = device_of(op);
        return guarded(device, [&] { Inference(device, context).run(); });
    };
}

/* The domain of one ONNX Runtime in this process, made once: sessions may outlive all else. */
OrtCustomOpDomain* domain_of(const OrtApi& api) {
    static std::mutex mutex;
    static auto& domains = *new std::map<const OrtApi*, OrtCustomOpDomain*>;
    const std::lock_guard<std::mutex> lock(mutex);
    OrtCustomOpDomain*& domain = domains[&api];
    if (domain) return domain;
    check(api, api.CreateCustomOpDomain(kDomain, &domain));
    for (const Op& op : kOps) {
        check(api, api.CustomOpDomain_Add(domain, new CustomOp(on_cpu(api, op))));
#if defined(PT_OPS_ON_CUDA)
        check(api, api.CustomOpDomain_Add(domain, new CustomOp(on_cuda(api, op))));
#endif
    }
    return domain;
}

}  // namespace
}  // namespace posetrack

extern "C" __attribute__((visibility("default"))) OrtStatus* RegisterCustomOps(
    OrtSessionOptions* options, const OrtApiBase* base) {
    using namespace posetrack;
    const OrtApi* api = base->GetApi(kApi);
    if (!api) {
        const std::string text = std::string("the operators of posetrack need ONNX Runtime 1.") +
                                 std::to_string(kApi) + " or newer, this is " +
                                 base->GetVersionString();
        return base->GetApi(1)->CreateStatus(ORT_FAIL, text.c_str());
    }
    return guarded(
        *api, "posetrack", [&] { check(*api, api->AddCustomOpDomain(options, domain_of(*api))); });
}
