/* What TensorRT looks for in a library of plugins: a creator for every operator of the table. None
 * registers itself unless the environment asks for it, so that no symbol of TensorRT's is needed.
 */
#include "../ops/ops_table.inc"
#include "logger.h"
#include "registration.h"

#if NV_TENSORRT_MAJOR >= 10
#include "plugin_v3.h"
#else
#include "plugin_v2.h"
#endif

namespace posetrack {
namespace {

#if NV_TENSORRT_MAJOR >= 10
using CreatorInterface = nvinfer1::IPluginCreatorInterface;
#else
using CreatorInterface = nvinfer1::IPluginCreator;
#endif

/* TensorRT gives no plugin an array of bytes. */
bool takes_bytes(const Op& op) {
    for (const Array& array : op.inputs)
        if (array.element == Element::kUint8) return true;
    return false;
}

/* Made once and kept: an engine may outlive all else. */
CreatorInterface* const* creators(int32_t& count) {
    static const auto& all = *[] {
        auto* made = new std::vector<CreatorInterface*>;
        for (const Op& op : kOps)
            if (!takes_bytes(op)) made->push_back(new Creator(op));
        return made;
    }();
    count = (int32_t)all.size();
    return all.data();
}

__attribute__((constructor)) void when_opened() {
    nvinfer1::IPluginRegistry* registry = registry_if_asked();
    if (!registry) return;
    int32_t count = 0;
    CreatorInterface* const* all = creators(count);
    for (int32_t i = 0; i < count; i++)
        if (!registry->registerCreator(*all[i], kDomain))
            std::fprintf(
                stderr, "posetrack: TensorRT does not take the plugin %s\n",
                static_cast<Creator*>(all[i])->getPluginName());
}

}  // namespace
}  // namespace posetrack

#define PT_EXPORTED extern "C" __attribute__((visibility("default")))

#if NV_TENSORRT_MAJOR >= 10
PT_EXPORTED nvinfer1::IPluginCreatorInterface* const* getCreators(int32_t& count) {
    return posetrack::creators(count);
}
#else
PT_EXPORTED nvinfer1::IPluginCreator* const* getPluginCreators(int32_t& count) {
    return posetrack::creators(count);
}
#endif

PT_EXPORTED void setLoggerFinder(nvinfer1::ILoggerFinder* finder) {
    posetrack::logger_finder = finder;
}
