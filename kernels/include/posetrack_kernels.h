/* posetrack kernels: the C interface of every native post-processing step, on CPU and CUDA.
 *
 * Conventions
 *   - PT_TWINS(pt_x, ...) declares the twins pt_x_cpu(...) in libposetrack_cpu and
 *     pt_x_cuda(..., stream) in libposetrack_cuda. Both take the same arguments, with pointers to
 *     host memory or to device memory. PT_SCRATCH(pt_x, ...) declares pt_x_scratch_bytes_cpu(...)
 *     and pt_x_scratch_bytes_cuda(...); a twin that needs none takes NULL and 0.
 *   - PT_HOST(pt_x, ...) and PT_HOST_SCRATCH declare what works on the host alone, pt_x_cpu(...).
 *   - Outputs come first, then scratch, inputs, sizes, options, stream. The comment of every
 * pointer begins with its shape and says NULL if it may be left out: these headers are read by
 * programs.
 *   - Arrays are dense and row-major; `*_batch_stride` counts elements from one image to the next,
 *     0 if all images are the same.
 *   - Heads of a network come with a pt_dtype: float32 or float16. Everything else, indices,
 *     coordinates, sums, has the type that is declared.
 *   - Sizes are 0 to 2^31 - 1, sides of maps that are interpolated 0 to 2^24.
 *   - `counts` say how many rows of each image count. They lie where the arrays do, so nobody waits
 *     for them; below 0 counts as 0, above the number of rows as all. Rows behind it cost nothing.
 *   - The caller allocates everything. Scratch needs an alignment of 16 bytes.
 *   - A CPU twin works on the calling thread and shares nothing: images run in parallel by calls
 *     from several threads. A CUDA twin only enqueues work on its stream, never waits, and can be
 *     captured in a CUDA graph.
 *   - Sizes may be zero; there is nothing to do then. The same input gives the same output in every
 *     run.
 *   - Letters: B batch, N poses, M other poses, K keypoints, H x W image, h x w map, C channels.
 *   - A cell of a map is one number: row * w + column; -1 is none.
 */
#ifndef POSETRACK_KERNELS_H
#define POSETRACK_KERNELS_H

#include "posetrack/activations.h"
#include "posetrack/adaptive.h"
#include "posetrack/association.h"
#include "posetrack/base.h"
#include "posetrack/boxes.h"
#include "posetrack/flip.h"
#include "posetrack/heatmaps.h"
#include "posetrack/images.h"
#include "posetrack/logocap.h"
#include "posetrack/movenet.h"
#include "posetrack/poses.h"
#include "posetrack/refinement.h"
#include "posetrack/similarity.h"
#include "posetrack/single_person.h"
#include "posetrack/tracking.h"
#include "posetrack/upsampling.h"

#endif
