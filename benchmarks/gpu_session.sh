#!/usr/bin/env bash
# Builds, checks, times and sanitizes the CUDA kernels on a machine with a GPU; see README.md here.
#
#     benchmarks/gpu_session.sh FOLDER
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?FOLDER must be given: where the results go}
mkdir -p "$out" && out=$(cd "$out" && pwd)
python=${PYTHON:-python3}
site=$out/site
report=$out/session.txt
cd "$here/.." || exit 1

export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$site POSETRACK_REQUIRE_CUDA=1
export PATH=$PATH:/usr/local/cuda/bin
failed=0
: > "$report"

# step NAME SECONDS COMMAND...: runs it, keeps what it prints, and goes on whatever comes of it
step() {
  local name=$1 limit=$2 start=$SECONDS status
  shift 2
  timeout "$limit" "$@" > "$out/$name.txt" 2>&1
  status=$?
  ((status == 0)) || failed=1
  {
    echo "=== $name: exit code $status after $((SECONDS - start)) s"
    tail -n 40 "$out/$name.txt"
  } | tee -a "$report"
}

# sanitize TOOL SECONDS OPTIONS...: one of compute-sanitizer's tools over every case of every kernel
sanitize() {
  local tool=$1 limit=$2
  shift 2
  # torch's cache would hand out pieces of one large block, in which nothing looks out of bounds
  PYTORCH_NO_CUDA_MEMORY_CACHING=1 step "$tool" "$limit" \
    compute-sanitizer --tool "$tool" --error-exitcode 1 --kernel-regex kns=posetrack "$@" \
    "$python" -m pytest -p no:cacheprovider -W default -q -m cuda tests/kernels/test_twins.py
}

capability='import torch; print("%d%d" % torch.cuda.get_device_capability())'
archs=${POSETRACK_CUDA_ARCHS:-$("$python" -c "$capability")} || exit 1

step machine 60 bash -c "nvidia-smi; nvcc --version; $python -c 'import torch; print(torch.__version__)'"
# what the kernels need is there already: NumPy, and torch to hold what lies on the GPU
step build 600 "$python" -m pip install --no-deps --target "$site" --upgrade \
  -C cmake.define.POSETRACK_CUDA=ON -C "cmake.define.POSETRACK_CUDA_ARCHS=$archs" .
step tests 900 "$python" -m pytest -p no:cacheprovider -W default -q -m cuda tests/kernels tests/engine/test_on_device.py
step times 300 "$python" benchmarks/postprocess_gpu.py
step times-half 300 "$python" benchmarks/postprocess_gpu.py --half
sanitize memcheck 900 --padding 64
sanitize racecheck 900
sanitize synccheck 600
sanitize initcheck 600
echo "results are in $out"
exit "$failed"
