"""The command line: options, wrong use, bad input; each in one sentence and with its exit code."""

from __future__ import annotations

import json
from importlib.metadata import version
from inspect import signature
from pathlib import Path

import pytest
from media import (
    clip_images,
    grey_images,
    truncated,
    write_images,
    write_sound,
    write_video,
)
from posetrack.apps.commands.run import run
from posetrack.apps.main import execute
from posetrack.apps.media.video import VideoSource
from posetrack.apps.run.claim import Claim
from posetrack.formats import FORMATS, read_poses

SMALL = ("--size", "64", "--no-video")


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Runs `posetrack` in an empty folder: exit code, lines of stdout, stderr as one line."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = execute([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out.splitlines(), " ".join(captured.err.split())

    return call


@pytest.fixture
def video(tmp_path):
    """Three grey frames."""
    return write_video(tmp_path / "clip.mp4", grey_images(3))


def test_version_is_data(command):
    assert command("--version") == (0, [f"posetrack {version('posetrack')}"], "")


def test_help_explains_every_option_and_its_default(command):
    code, lines, _ = command("run", "--help")
    text = " ".join(" ".join(lines).replace("│", " ").split())
    assert code == 0
    for name in signature(run).parameters:
        if name != "sources":
            assert f"--{name.replace('_', '-')} " in text, name
    for default in (
        "runs",
        "(movenet-multipose)",
        "auto",
        "fp32",
        "(the model's)",
        "25.0",
        "(all)",
    ):
        assert f"[default: {default}]" in text
    assert "coco,posetrack18" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "0"], "Invalid value for '--size': must be pixels up to 4096 such as 256"),
        (["--size", "abc"], "got 'abc'"),
        (["--size", "²"], "got '²'"),
        (["--size", "256,"], "got '256,'"),
        (["--size", "99999"], "must be pixels up to 4096"),
        (["--size", "512,256"], "must ascend, got '512,256'"),
        (["--format", "nope"], "Invalid value for '--format': must be among coco, posetrack18"),
        (["--format", "posetrack18", "--no-track"], "leave out --no-track and --stills"),
        (["--format", "posetrack18", "--stills"], "leave out --no-track and --stills"),
        (["--flow", "dis"], "fast needs no flow: choose tracker best or paper"),
        (["--flow", "dis", "--no-track"], "helps to follow people: leave out --no-track"),
        (["--flow", "no.onnx"], "must be off, dis or an .onnx file that is there"),
        (["--backend", "trt"], "'trt' is not one of 'auto', 'onnxruntime', 'onnxruntime-tensorrt'"),
        (["--precision", "fp64"], "'fp64' is not one of 'fp32', 'bf16'"),
        (["--min-score", "-1"], "Invalid value for '--min-score'"),
        (["--min-score", "nan"], "Invalid value for '--min-score'"),
        (["--min-score", "inf"], "Invalid value for '--min-score'"),
        (["--max-people", "0"], "Invalid value for '--max-people'"),
        (["--max-frames", "0"], "Invalid value for '--max-frames'"),
        (["--max-frames", "9" * 30], "Invalid value for '--max-frames'"),
        (["--max-pixels", "0"], "Invalid value for '--max-pixels'"),
        (["--max-waiting-mb", "-1"], "Invalid value for '--max-waiting-mb'"),
        (["--pipe-timeout", "nan"], "Invalid value for '--pipe-timeout'"),
        (["--pipe-timeout", "0"], "Invalid value for '--pipe-timeout'"),
        (["--size", ",".join(map(str, range(1, 99)))], "must be at most 16, got 98"),
        (["--fps", "inf"], "Invalid value for '--fps'"),
        (["--fps", "0"], "Invalid value for '--fps'"),
        (["--threads", "-1"], "Invalid value for '--threads'"),
        (["--threads", "100000"], "Invalid value for '--threads'"),
        (["--nope"], "No such option: --nope"),
    ],
)
def test_wrong_use_is_exit_2_names_the_option_and_writes_nothing(
    command, video, arguments, message
):
    code, out, err = command("run", video, *arguments)
    assert (code, out) == (2, [])
    assert message in err
    assert not Path("runs").exists()


def test_wrong_use_is_one_sentence(command):
    for arguments, message in (
        (["run"], "Missing argument 'SOURCE' (see posetrack run --help)"),
        (["nope"], "No such command 'nope' (see posetrack --help)"),
        (["models", "\x1b[2J"], "No such command '\\x1b[2J' (see posetrack models --help)"),
    ):
        assert command(*arguments) == (2, [], f"posetrack: {message}")
    code, lines, err = command()
    assert (code, err) == (2, "")
    assert any("Usage: posetrack" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nope"], "there is no model file nope; models that ship: movenet-multipose"),
        (["--model", "clip.mp4"], "onnxruntime cannot load clip.mp4"),
        (
            ["--precision", "bf16", "--backend", "onnxruntime"],
            "computes in fp32 on cpu or cuda, not in bf16: choose another",
        ),
    ],
)
def test_a_model_that_cannot_run_is_exit_1_and_writes_nothing(command, video, arguments, message):
    code, out, err = command("run", video.name, *arguments)
    assert (code, out) == (1, [])
    assert err.startswith("posetrack: ")
    assert message in err
    assert not Path("runs").exists()


def unreadable_sources(folder, clips):
    """(path, what is said about it)."""
    (folder / "text.mp4").write_text("hello\n")
    (folder / "empty.mp4").touch()
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("hello\n")
    (folder / "no_images").mkdir()
    (folder / "no_images" / "notes.txt").write_text("hello\n")
    (folder / "bad_images").mkdir()
    (folder / "bad_images" / "a.png").write_text("hello\n")
    whole = write_video(
        folder / "whole.mp4", clip_images(clips / "face-demographics-walking.mp4", 10)
    )
    truncated(whole, folder / "no_index.mp4", 0.5)
    write_sound(folder / "sound.mp4")
    return [
        ("text.mp4", "text.mp4 is not a video or an image, or a damaged one"),
        ("empty.mp4", "empty.mp4 is not a video or an image, or a damaged one"),
        ("no_index.mp4", "no_index.mp4 is not a video or an image, or a damaged one"),
        ("sound.mp4", "sound.mp4 has no video stream"),
        ("empty.png", "empty.png is not an image, or a damaged one"),
        ("text.png", "text.png is not an image, or a damaged one"),
        ("no_images", "the folder no_images holds no images"),
        ("bad_images", "bad_images/a.png is not an image, or a damaged one"),
    ]


def test_unreadable_sources_are_one_sentence_each_and_the_others_are_done(command, video, clips):
    bad = unreadable_sources(video.parent, clips)
    sources = [*(name for name, _ in bad), video.name]
    code, out, err = command("run", *sources, *SMALL, "--quiet")
    assert (code, out) == (1, ["runs/clip"])
    for _, message in bad:
        assert f"posetrack: {message}" in err
    assert err.count("posetrack: ") == len(bad) + 1
    assert "8 of 9 sources failed: text.mp4, empty.mp4, no_index.mp4, sound.mp4, empty.png" in err
    assert err.endswith(" and 3 more")
    assert [path.name for path in Path("runs").iterdir()] == ["clip"]
    assert read_poses(Path("runs/clip/poses.jsonl")).complete


@pytest.mark.parametrize("error", [AttributeError("no x"), TypeError("t"), MemoryError()])
def test_no_error_of_one_source_stops_the_next(command, video, monkeypatch, error):
    write_video(Path("bad.mp4"), grey_images(3))

    def frames(self, *wanted):
        if self.path.name == "bad.mp4":
            raise error
        return whole(self, *wanted)

    whole = VideoSource.frames
    monkeypatch.setattr(VideoSource, "frames", frames)
    code, out, err = command("run", "bad.mp4", video, *SMALL, "--quiet")
    assert (code, out) == (1, ["runs/clip"])
    assert err.endswith("posetrack: 1 of 2 sources failed: bad.mp4")
    assert ("please report" in err) == (not isinstance(error, MemoryError))


def test_a_fault_of_ours_shows_where_it_is_only_if_asked(command, video, monkeypatch, capsys):
    def frames(self, *wanted):
        raise AttributeError("no x")

    monkeypatch.setattr(VideoSource, "frames", frames)
    assert "Traceback" not in command("run", video, *SMALL)[2]
    execute(["run", str(video), *SMALL, "--debug"])
    assert 'raise AttributeError("no x")' in capsys.readouterr().err


def test_a_missing_source_is_noticed_before_any_work(command, video):
    code, out, err = command("run", video, "nothing.mp4")
    assert (code, out, err) == (1, [], "posetrack: there is no file or folder nothing.mp4")
    assert not Path("runs").exists()


def test_an_address_says_that_live_sources_do_not_exist_yet(command):
    code, _, err = command("run", "rtsp://host/live.mp4")
    assert (code, err) == (
        1,
        "posetrack: rtsp://host/live.mp4 is an address, and live sources are not read yet: "
        "download it and name the file",
    )


def test_quiet_is_silent_when_all_is_well(command, video):
    assert command("run", video, *SMALL, "--quiet") == (0, ["runs/clip"], "")


def test_people_that_are_not_there_are_said_to_be_none(command, video):
    code, out, err = command("run", video, *SMALL)
    assert (code, out) == (0, ["runs/clip"])
    assert "movenet-multipose at 64 px, onnxruntime fp32" in err
    assert "clip.mp4: 3 frames, " in err
    assert err.endswith("FPS: no people found")


def test_earlier_results_are_kept_without_overwrite_and_replaced_with_it(command, video):
    everything = ("--format", "coco,posetrack18", "--size", "64", "--quiet")
    assert command("run", video, *everything)[0] == 0
    before = {file: file.read_bytes() for file in Path("runs/clip").iterdir()}
    code, _, err = command("run", video, *SMALL)
    assert code == 1
    assert err == (
        "posetrack: runs/clip/poses.jsonl exists: use --overwrite to replace the earlier results"
    )
    assert {file: file.read_bytes() for file in Path("runs/clip").iterdir()} == before
    assert command("run", video, *SMALL, "--overwrite")[0] == 0
    assert sorted(f.name for f in Path("runs/clip").iterdir()) == ["poses.jsonl", "run.json"]


def test_unique_keeps_earlier_results_and_takes_the_next_name(command, video):
    for place in ("runs/clip", "runs/clip-2", "runs/clip-3"):
        assert command("run", video, *SMALL, "--quiet", "--unique") == (0, [place], "")
    code, _, err = command("run", video, *SMALL, "--unique", "--overwrite")
    assert (code, "replaces what --unique and --resume keep" in err) == (2, True)


def test_folder_that_another_run_writes_is_refused(command, video):
    with Claim(Path("runs/clip")):
        code, _, err = command("run", video, *SMALL, "--overwrite")
    assert (code, Path("runs").exists()) == (1, False)
    assert err.startswith("posetrack: another run is writing into runs/clip: wait for it")


def test_earlier_results_survive_a_run_that_fails_before_its_first_frame(command, video):
    assert command("run", video, *SMALL, "--quiet")[0] == 0
    before = {file: file.read_bytes() for file in Path("runs/clip").iterdir()}
    Path("other").mkdir()
    Path("other/clip.mp4").write_text("no video")
    code, _, err = command("run", "other/clip.mp4", "--overwrite")
    assert code == 1
    assert "is not a video" in err
    assert {file: file.read_bytes() for file in Path("runs/clip").iterdir()} == before


def test_a_source_inside_its_own_results_is_never_touched(command, video):
    Path("runs/clip").mkdir(parents=True)
    source = video.rename("runs/clip/clip.mp4")
    data = source.read_bytes()
    for extra in ([], ["--overwrite"]):
        code, _, err = command("run", source, *extra)
        assert code == 1
        assert "choose another --output" in err
    assert source.read_bytes() == data
    assert [file.name for file in Path("runs/clip").iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("way", ["out", "out/clip"])
def test_a_file_where_the_results_should_go_is_named_and_kept(command, video, way):
    Path(way).parent.mkdir(exist_ok=True)
    Path(way).write_text("mine")
    code, out, err = command("run", video, "--output", "out")
    assert (code, out) == (1, [])
    assert err == f"posetrack: {way} is not a folder: choose another --output"
    assert Path(way).read_text() == "mine"


def test_a_folder_in_the_place_of_a_result_is_one_sentence(command, video):
    Path("runs/clip/poses.jsonl").mkdir(parents=True)
    code, _, err = command("run", video, *SMALL, "--quiet")
    message = "is not of an earlier run: move it away, or choose another --output"
    assert (code, err) == (1, f"posetrack: runs/clip/poses.jsonl {message}")


def test_equal_names_get_numbers(command, video):
    Path("x").mkdir()
    write_video(Path("x/clip.mkv"), grey_images(2))
    code, out, _ = command("run", video, "x/clip.mkv", video, *SMALL)
    assert (code, out) == (0, ["runs/clip", "runs/clip-2", "runs/clip-3"])
    assert [len(list(read_poses(Path(o, "poses.jsonl")))) for o in out] == [3, 2, 3]


@pytest.mark.parametrize("name", ["a b é.mp4", "take:2.mp4", "[red]x.mp4", "100%d.mp4", "-d.mp4"])
def test_odd_names_are_just_names(command, video, name):
    video.rename(name)
    code, out, _ = command("run", "--size", "64", "--", name)
    stem = name.removesuffix(".mp4")
    assert (code, out) == (0, [f"runs/{stem}"])
    assert Path("runs", stem, name).is_file()


def test_images_of_different_sizes_as_a_video_are_refused_and_as_stills_done(command):
    images = [*grey_images(1, (48, 64)), *grey_images(1, (50, 64))]
    write_images(Path("mixed"), ["1.png", "2.png"], images)
    code, out, err = command("run", "mixed", "--size", "64", "--quiet")
    assert (code, out) == (1, [])
    assert "use --stills" in err
    code, out, _ = command("run", "mixed", "--size", "64", "--stills", "--overwrite")
    assert (code, out) == (0, ["runs/mixed"])
    assert sorted(f.name for f in Path("runs/mixed/drawn").iterdir()) == ["1.png", "2.png"]


def test_an_unreadable_image_among_others_costs_nothing_but_itself(command):
    write_images(Path("f"), ["1.png", "2.png", "3.png"], grey_images(3))
    Path("f/2.png").write_text("no image")
    code, out, err = command("run", "f", "--size", "64", "--format", "coco", "--quiet")
    assert (code, out) == (1, ["runs/f"])
    assert err == "posetrack: f/2.png is not an image, or a damaged one: 2 of 3 images done"
    record = read_poses(Path("runs/f/poses.jsonl"))
    assert [line.frame for line in record] == [0, 2]
    assert not record.complete
    names = ["f.coco.json", "f.mp4", "poses.jsonl", "run.json"]
    assert sorted(file.name for file in Path("runs/f").iterdir()) == names
    report = json.loads(Path("runs/f/run.json").read_text())
    assert (report["reason"], report["source_frames"]["unreadable"]) == ("partial", ["2.png"])
    assert command("run", "f", *SMALL, "-q", "--overwrite", "--accept-damage")[0] == 0


def test_a_video_too_large_to_draw_says_what_to_do(command):
    write_images(Path("wide"), ["1.png"], grey_images(1, (40, 17000)))
    code, _, err = command("run", "wide", "--size", "32", "--format", ",".join(FORMATS), "-q")
    assert code == 1
    assert "use --no-video" in err
    assert not Path("runs").exists()
    assert command("run", "wide", "--size", "32", "--no-video", "-q")[0] == 0


def test_one_image_has_no_tracks_to_write(command, tmp_path):
    write_images(tmp_path / "pictures", ["one.png"], grey_images(1))
    image = tmp_path / "pictures" / "one.png"
    code, out, err = command("run", str(image), "--format", "posetrack18", "--quiet")
    assert (code, out) == (1, [])
    assert "one image, and posetrack18 holds tracks" in err
    assert not (tmp_path / "runs" / "one").exists()


def test_stills_are_images_of_a_folder_and_a_video_stays_one(command, video):
    code, out, _ = command("run", video, "--stills", "--size", "64")
    assert (code, out) == (0, ["runs/clip"])
    report = json.loads(Path("runs/clip/run.json").read_text())
    assert "clip.mp4" in report["files"]
    assert not Path("runs/clip/drawn").exists()


def test_images_of_two_sizes_are_no_video_and_going_on_would_not_help(command, tmp_path):
    images = [*grey_images(3), *grey_images(1, (20, 30))]
    write_images(tmp_path / "mixed", [f"{i}.png" for i in range(4)], images)
    code, out, err = command("run", str(tmp_path / "mixed"), "--size", "64")
    assert (code, out) == (1, [])
    assert err.endswith("use --stills for images that do not belong together")


def test_a_part_keeps_the_numbers_and_times_of_the_source(command, video):
    code, out, _ = command("run", video, "--start", "0.03", "--end", "0.08", *SMALL)
    assert (code, out) == (0, ["runs/clip"])
    lines = list(read_poses(Path("runs/clip/poses.jsonl")))
    assert [(line.frame, line.time_s) for line in lines] == [(1, 0.04)]
    report = json.loads(Path("runs/clip/run.json").read_text())
    assert (report["reason"], report["source_frames"]["missing"]) == ("complete", 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("--end", "inf"), "must be a number of seconds, got inf"),
        (("--start", "2", "--end", "2"), "must be later than --start, got 2 after 2"),
        (("--end", "2", "--stills"), "counts seconds, and --stills have no times"),
    ],
)
def test_a_part_that_cannot_be_is_wrong_use(command, video, wrong, message):
    code, _, err = command("run", video, *wrong)
    assert code == 2
    assert message in err.replace(" │ │ ", " ")
