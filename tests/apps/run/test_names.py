"""Names of results: safe in a folder, distinct, and as near to the source's as can be."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from posetrack.apps.run.folders import result_folders
from posetrack.apps.run.names import MAX_BYTES, safe_name, unused_name


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("clip", "clip"),
        ("a b é.part", "a b é.part"),
        (".hidden", ".hidden"),
        ("..", "unnamed"),
        (".", "unnamed"),
        ("", "unnamed"),
        (". .", "unnamed"),
        ("a\nb\x7f", "a_b_"),
        (os.fsdecode(b"caf\xe9"), "caf_"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("n" * 300, "n" * MAX_BYTES),
        ("字" * 78, "字" * (MAX_BYTES // 3)),
    ],
)
def test_name_is_safe_and_near_to_the_sources(stem, name):
    assert safe_name(stem) == name


@given(st.text(st.characters(codec=None, exclude_characters="\0"), max_size=400))
def test_every_name_makes_a_file_in_its_own_folder(stem):
    name = safe_name(stem)
    longest = f"{name}-9999.posetrack18.json.partial".encode()  # no half of a pair in it
    assert len(longest) <= 255
    assert name not in ("", ".", "..")
    assert "/" not in name


def test_results_stay_in_the_output_folder(tmp_path):
    sources = [tmp_path / "...mp4", tmp_path / "x" / "...mov", tmp_path / ("n" * 250 + ".mp4")]
    folders = result_folders(sources, tmp_path / "runs")
    assert [folder.path.parent for folder in folders] == [tmp_path / "runs"] * 3
    assert [folder.stem for folder in folders] == ["unnamed", "unnamed-2", "n" * MAX_BYTES]


def test_taken_names_get_numbers_that_are_free():
    taken = set()
    stems = ["a", "a", "b", "a", "a-2", "a-2"]
    assert [unused_name(s, taken) for s in stems] == ["a", "a-2", "b", "a-3", "a-2-2", "a-2-3"]
