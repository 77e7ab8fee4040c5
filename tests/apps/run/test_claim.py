"""Claims: one run at a time, whatever becomes of the other one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from posetrack.apps.run.claim import Claim, claimed_jobs
from posetrack.apps.run.folders import ResultFolder

HOLD = "import sys, time; from pathlib import Path; from posetrack.apps.run.claim import Claim; "
HOLD += "claim = Claim(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"


@pytest.fixture
def other(tmp_path):
    """Another process that holds a claim."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "runs" / "clip")], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_folder_is_made_and_goes_again_if_it_stays_empty(tmp_path):
    with Claim(tmp_path / "a" / "b") as claim:
        assert (tmp_path / "a" / "b").is_dir()
    claim.close()
    assert list(tmp_path.iterdir()) == []


def test_folder_with_results_and_folders_of_others_stay(tmp_path):
    (tmp_path / "a").mkdir()
    with Claim(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "run.json").touch()
    with Claim(tmp_path / "a"):
        pass
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["run.json"]


def test_second_run_is_refused_until_the_first_ends(tmp_path):
    with Claim(tmp_path / "a"):
        with pytest.raises(FileExistsError, match=r"another run is writing into .*a: wait"):
            Claim(tmp_path / "a")
        assert (tmp_path / "a").is_dir()
    with Claim(tmp_path / "a"):
        pass


def test_claim_of_a_killed_process_is_free(tmp_path, other):
    with pytest.raises(FileExistsError, match="another run"):
        Claim(tmp_path / "runs" / "clip")
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with Claim(tmp_path / "runs" / "clip"):
        pass


@pytest.mark.parametrize("place", ["/proc/runs/clip", "link/clip", "link"])
def test_folder_that_cannot_be_made_is_refused(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError, match=f"{place} cannot be made: choose another"):
        Claim(Path(place))
    assert os.listdir() == ["link"]


def test_working_folder_that_was_deleted_is_refused(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError, match="runs/clip cannot be made"):
        Claim(Path("runs/clip"))


def test_folder_that_was_deleted_is_no_error_at_the_end(tmp_path):
    with Claim(tmp_path / "a"):
        (tmp_path / "a" / ".lock").unlink()
        (tmp_path / "a").rmdir()


def jobs(tmp_path, *names, earlier="refuse"):
    sources = [tmp_path / name for name in names]
    return claimed_jobs(sources, tmp_path / "runs", earlier)


def test_everything_is_claimed_or_nothing(tmp_path):
    taken = ResultFolder(tmp_path / "runs" / "b", "b")
    taken.path.mkdir(parents=True)
    taken.partial_video.touch()
    with pytest.raises(FileExistsError, match="exists"), jobs(tmp_path, "a.mp4", "b.mp4"):
        raise AssertionError
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["b"]


@pytest.mark.parametrize("place", ["runs", "runs/clip"])
def test_link_that_leads_nowhere_is_no_place_for_results(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).symlink_to("nowhere")
    with pytest.raises(FileExistsError, match=f"{place} is not a folder: choose another --output"):
        jobs(tmp_path, "clip.mp4").__enter__()


def test_unique_takes_the_next_free_name(tmp_path, other):
    ResultFolder(tmp_path / "runs" / "b", "b").path.mkdir()
    (tmp_path / "runs" / "b" / "b.partial.mp4").touch()
    with jobs(tmp_path, "clip.mp4", "clip-2.mp4", "b.mp4", earlier="unique") as found:
        assert [job.folder.stem for job in found] == ["clip-3", "clip-2", "b-2"]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["b", "clip"]


def test_more_sources_than_open_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("posetrack.apps.run.claim.resource.getrlimit", lambda _: (100, 300))
    with pytest.raises(OSError, match="100 sources need 356 open files and this system allows 300"):
        jobs(tmp_path, *(f"{i}.mp4" for i in range(100))).__enter__()


RACE = """
import sys
from pathlib import Path
from posetrack.apps.run.claim import claimed_jobs
output, name = map(Path, sys.argv[1:])
with claimed_jobs([name], output, "unique") as (job,):
    record = job.folder.poses
    assert not record.exists()
    record.write_text(str(name))
    job.folder.write_report({"posetrack": "0", "files": ["run.json", "poses.jsonl"]})
print(job.folder.path)
"""


def test_racing_starts_never_share_a_folder(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path / "runs"), f"cam{i}/clip.mp4"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(12)
    ]
    places = [racer.communicate()[0].strip() for racer in racers]
    assert {racer.returncode for racer in racers} == {0}
    assert len(set(places)) == 12
    for i, place in enumerate(places):
        with open(f"{place}/poses.jsonl") as record:
            assert record.read() == f"cam{i}/clip.mp4"
