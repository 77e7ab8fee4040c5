/* TensorRT's logger, and failures that go there: no exception may leave a plugin. */
#ifndef POSETRACK_TENSORRT_LOGGER_H
#define POSETRACK_TENSORRT_LOGGER_H

#include <NvInfer.h>

#include <exception>
#include <string>

#include "../ops/op.h"

#if NV_TENSORRT_MAJOR * 100 + NV_TENSORRT_MINOR < 806
#error "the plugins need the headers of TensorRT 8.6 or newer"
#endif

namespace posetrack {

/* Whoever loads the library says where its logger is; nothing is logged before. */
inline nvinfer1::ILoggerFinder* logger_finder = nullptr;

inline void log_error(const Op& op, const char* what) noexcept try {
    nvinfer1::ILogger* logger = logger_finder ? logger_finder->findLogger() : nullptr;
    if (!logger) return;
    const std::string text = std::string(op.name) + ": " + what;
    logger->log(nvinfer1::ILogger::Severity::kERROR, text.c_str());
} catch (const std::exception&) { /* there is no memory even for the text */
}

/* Whether work was done; what it throws is logged. */
template <typename Work>
bool guarded(const Op& op, Work work) noexcept {
    try {
        work();
        return true;
    } catch (const std::exception& error) {
        log_error(op, error.what());
        return false;
    }
}

/* As TensorRT wants it of functions that return a number: 0 where work was done. */
template <typename Work>
int32_t status_of(const Op& op, Work work) noexcept {
    return guarded(op, work) ? 0 : -1;
}

}  // namespace posetrack
#endif
