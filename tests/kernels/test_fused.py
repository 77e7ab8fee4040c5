"""A fused multiply-add gives the same float with and without the CPU's instruction for it."""

import shutil
import subprocess

import pytest

from .places import KERNELS

SOURCE = r"""
#include <cstdio>
#include <random>

#include "shared/portable.h"
using namespace posetrack;

int main() {
    std::mt19937 random(1);
    const auto sign = [&] { return random() % 2 ? 1.0f : -1.0f; };
    for (int i = 0; i < 3000000; ++i) {
        float a = from_bits(random()), b = from_bits(random()), c = from_bits(random());
        if (i % 3 == 1) c = from_bits(bits_of(-a * b) + random() % 5 - 2); /* nearly cancels */
        if (i % 3 == 2) { /* closer to the middle of two floats than a double can tell */
            const float step = 0x1p-23f * (float)(random() % 256);
            a = sign() * (1.0f + step), b = 0x1p-24f * (1.0f - step);
            c = sign() * (1.0f + 0x1p-23f * (float)(random() % 4096));
        }
        const float got = fused(a, b, c), wanted = fmaf(a, b, c);
        if (bits_of(got) == bits_of(wanted) || (is_nan(got) && is_nan(wanted))) continue;
        std::printf("%a * %a + %a: got %a, not %a\n", a, b, c, got, wanted);
        return 1;
    }
}
"""


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_fused_product_without_the_instruction_is_rounded_once(compiler, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} on this machine")
    (tmp_path / "fused.cpp").write_text(SOURCE)
    flags = ["-std=c++17", "-O3", "-ffp-contract=off", "-fno-trapping-math", f"-I{KERNELS}"]
    command = [compiler, *flags, str(tmp_path / "fused.cpp"), "-o", str(tmp_path / "fused")]
    subprocess.run(command, check=True)
    done = subprocess.run([tmp_path / "fused"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
