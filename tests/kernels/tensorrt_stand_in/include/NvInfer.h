/* A stand-in for TensorRT's headers: of its interfaces those that a plugin meets, with TensorRT's
 * names, numbers and order of virtual functions, which test_tensorrt_headers.py compares with
 * genuine headers where there are any. NV_TENSORRT_MAJOR says whose they are: 8 (8.6), 10 or 11.
 */
#ifndef POSETRACK_TENSORRT_STAND_IN_H
#define POSETRACK_TENSORRT_STAND_IN_H

#include <cstddef>
#include <cstdint>

#ifndef NV_TENSORRT_MAJOR
#define NV_TENSORRT_MAJOR 10
#endif
#if NV_TENSORRT_MAJOR == 8
#define NV_TENSORRT_MINOR 6
#else
#define NV_TENSORRT_MINOR 0
#endif

typedef struct CUstream_st* cudaStream_t;
struct cublasContext;
struct cudnnContext;

namespace nvinfer1 {

/* ---- values */

enum class DataType : int32_t { kFLOAT = 0, kHALF = 1, kINT8 = 2, kINT32 = 3, kBOOL = 4 };
enum class TensorFormat : int32_t { kLINEAR = 0, kCHW2 = 1, kHWC8 = 2 };
using PluginFormat = TensorFormat;

#if NV_TENSORRT_MAJOR >= 10
using Extent = int64_t;
#else
using Extent = int32_t;
#endif

struct Dims {
    static constexpr int32_t MAX_DIMS = 8;
    int32_t nbDims;
    Extent d[MAX_DIMS];
};

struct PluginTensorDesc {
    Dims dims;
    DataType type;
    TensorFormat format;
    float scale;
};

struct DynamicPluginTensorDesc {
    PluginTensorDesc desc;
    Dims min;
    Dims max;
#if NV_TENSORRT_MAJOR >= 10
    Dims opt;
#endif
};

enum class PluginFieldType : int32_t {
    kFLOAT16 = 0,
    kFLOAT32 = 1,
    kFLOAT64 = 2,
    kINT8 = 3,
    kINT16 = 4,
    kINT32 = 5,
    kCHAR = 6,
    kDIMS = 7,
    kUNKNOWN = 8,
#if NV_TENSORRT_MAJOR >= 10
    kBF16 = 9,
    kINT64 = 10,
#endif
};

struct PluginField {
    PluginField(
        const char* name = nullptr, const void* data = nullptr,
        PluginFieldType type = PluginFieldType::kUNKNOWN, int32_t length = 0)
        : name(name), data(data), type(type), length(length) {}

    const char* name;
    const void* data;
    PluginFieldType type;
    int32_t length;
};

struct PluginFieldCollection {
    int32_t nbFields;
    const PluginField* fields;
};

/* ---- sizes as expressions */

enum class DimensionOperation : int32_t {
    kSUM = 0,
    kPROD = 1,
    kMAX = 2,
    kMIN = 3,
    kSUB = 4,
    kEQUAL = 5,
    kLESS = 6,
    kFLOOR_DIV = 7,
    kCEIL_DIV = 8,
};

class IDimensionExpr;

/* What is behind an expression and behind a builder of some. */
namespace apiv {

struct VRoot {
    virtual ~VRoot() noexcept = default;
};

struct VDimensionExpr : VRoot {
    virtual bool isConstant() const = 0;
    virtual Extent getConstantValue() const = 0;
#if NV_TENSORRT_MAJOR >= 10
    virtual bool isSizeTensor() const = 0;
#endif
};

struct VExprBuilder : VRoot {
    virtual const IDimensionExpr* constant(Extent value) = 0;
    virtual const IDimensionExpr* operation(
        DimensionOperation operation, const IDimensionExpr& first,
        const IDimensionExpr& second) = 0;
#if NV_TENSORRT_MAJOR >= 10
    virtual const IDimensionExpr* declareSizeTensor(
        int32_t output, const IDimensionExpr& usual, const IDimensionExpr& upper) = 0;
#endif
};

}  // namespace apiv

class INoCopy {
  protected:
    INoCopy() = default;
    virtual ~INoCopy() = default;
    INoCopy(const INoCopy&) = delete;
    INoCopy& operator=(const INoCopy&) = delete;
};

class IDimensionExpr : public INoCopy {
  public:
    bool isConstant() const noexcept { return mImpl->isConstant(); }
    Extent getConstantValue() const noexcept { return mImpl->getConstantValue(); }

  protected:
    apiv::VDimensionExpr* mImpl;
};

class IExprBuilder : public INoCopy {
  public:
    const IDimensionExpr* constant(Extent value) noexcept { return mImpl->constant(value); }
    const IDimensionExpr* operation(
        DimensionOperation operation, const IDimensionExpr& first,
        const IDimensionExpr& second) noexcept {
        return mImpl->operation(operation, first, second);
    }

  protected:
    apiv::VExprBuilder* mImpl;
};

struct DimsExprs {
    int32_t nbDims;
    const IDimensionExpr* d[Dims::MAX_DIMS];
};

/* ---- the logger */

#if NV_TENSORRT_MAJOR >= 10

enum class APILanguage : int32_t { kCPP = 0, kPYTHON = 1 };

struct InterfaceInfo {
    const char* kind;
    int32_t major;
    int32_t minor;
};

class IVersionedInterface {
  public:
    virtual APILanguage getAPILanguage() const noexcept { return APILanguage::kCPP; }
    virtual InterfaceInfo getInterfaceInfo() const noexcept = 0;
    virtual ~IVersionedInterface() noexcept = default;
};

#endif

enum class LogSeverity : int32_t { kINTERNAL_ERROR = 0, kERROR = 1, kWARNING = 2, kINFO = 3 };

#if NV_TENSORRT_MAJOR >= 11

class ILogger : public IVersionedInterface {
  public:
    using Severity = LogSeverity;
    InterfaceInfo getInterfaceInfo() const noexcept override { return {"ILogger", 1, 0}; }
    virtual void log(Severity severity, const char* text) noexcept = 0;
};

class ILoggerFinder : public IVersionedInterface {
  public:
    InterfaceInfo getInterfaceInfo() const noexcept override { return {"ILoggerFinder", 1, 0}; }
    virtual ILogger* findLogger() = 0;
};

#else

class ILogger {
  public:
    using Severity = LogSeverity;
    virtual void log(Severity severity, const char* text) noexcept = 0;
    virtual ~ILogger() = default;
};

class ILoggerFinder {
  public:
    virtual ILogger* findLogger() = 0;

  protected:
    virtual ~ILoggerFinder() = default;
};

#endif

}  // namespace nvinfer1

#if NV_TENSORRT_MAJOR >= 10
#include "stand_in_v3.h"
#else
#include "stand_in_v2.h"
#endif

#endif
