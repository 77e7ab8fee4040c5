/* One call of an operator's twin: its scratch, and where its arrays lie. */
#ifndef POSETRACK_OPS_CALL_H
#define POSETRACK_OPS_CALL_H

#include "op.h"

namespace posetrack {

/* Where the arrays of a call lie. */
struct Places {
    const void* const* inputs;
    void* const* outputs;
    void* scratch;
    int64_t scratch_bytes;
    void* stream;
};

/* Bytes of scratch that a twin needs for these numbers, -1 if it refuses them. */
inline int64_t scratch_bytes(const Op& op, const Twin& twin, const Value* values) {
    if (!twin.scratch_bytes) return 0;
    Value sizes[kMaxSlots];
    for (size_t i = 0; i < op.scratch_slots.count; i++) sizes[i] = values[op.scratch_slots[i]];
    return twin.scratch_bytes(sizes);
}

/* An empty array may lie nowhere; but NULL would say that it is left out. */
inline void* somewhere(const void* array) {
    alignas(16) static char nothing[16];
    return array ? const_cast<void*>(array) : nothing;
}

/* Fills in everything but the numbers. */
inline void place(const Op& op, const Places& places, Value* values) {
    for (size_t i = 0; i < op.slots.count; i++) {
        const Slot& slot = op.slots[i];
        if (slot.source == Source::kInput) values[i].array = somewhere(places.inputs[slot.array]);
        if (slot.source == Source::kOutput) values[i].array = somewhere(places.outputs[slot.array]);
        if (slot.source == Source::kLeftOut) values[i].array = nullptr;
        if (slot.source == Source::kScratch) values[i].array = places.scratch;
        if (slot.source == Source::kScratchBytes) values[i].whole = places.scratch_bytes;
        if (slot.source == Source::kStream) values[i].array = places.stream;
    }
}

}  // namespace posetrack
#endif
