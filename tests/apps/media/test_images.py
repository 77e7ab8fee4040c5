"""Images of every kind, and folders of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from media import all_of, grey_images, write_images, write_video
from posetrack.apps.media import read_images
from posetrack.apps.media.images import FolderSource, read_image
from posetrack.apps.media.limits import SourceLimits
from posetrack.apps.media.sources import FrameCount, Part, SourceDamaged
from posetrack.apps.media.writers import write_image
from posetrack.structures import SourceError

# TIFF header of one entry: orientation 6, to be turned clockwise by a quarter.
_EXIF = bytes.fromhex("45786966 0000 4d4d002a 00000008 0001 0112 0003 00000001 0006 0000 00000000")


@pytest.fixture
def picture():
    """(H, W, 3) RGB, red on the left, blue on the right."""
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30], image[:, 30:] = (200, 20, 20), (20, 20, 200)
    return image


def folder_source(path, *, same_size=True):
    return FolderSource(path, 25.0, same_size=same_size)


def test_written_images_read_back_exactly(tmp_path, picture):
    write_image(tmp_path / "é.png", picture)
    assert (read_image(tmp_path / "é.png") == picture).all()
    assert [file.name for file in tmp_path.iterdir()] == ["é.png"]


def test_grey_images_become_rgb(tmp_path):
    cv2.imwrite(str(tmp_path / "g.png"), np.full((5, 3), 77, np.uint8))
    assert (read_image(tmp_path / "g.png") == np.full((5, 3, 3), 77)).all()


def test_transparency_is_ignored(tmp_path, picture):
    bgra = np.dstack((picture[..., ::-1], np.full((40, 60), 9, np.uint8)))
    cv2.imwrite(str(tmp_path / "a.png"), bgra)
    assert (read_image(tmp_path / "a.png") == picture).all()


def test_sixteen_bits_become_eight(tmp_path, picture):
    cv2.imwrite(str(tmp_path / "d.png"), picture[..., ::-1].astype(np.uint16) * 257)
    assert (read_image(tmp_path / "d.png") == picture).all()


def test_the_orientation_tag_is_obeyed(tmp_path, picture):
    jpeg = cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes()
    tag = b"\xff\xe1" + (len(_EXIF) + 2).to_bytes(2, "big") + _EXIF
    (tmp_path / "phone.jpg").write_bytes(jpeg[:2] + tag + jpeg[2:])
    image = read_image(tmp_path / "phone.jpg")
    assert image.shape == (60, 40, 3)
    assert np.allclose(image[5, 20], (200, 20, 20), atol=10)  # left is up
    assert np.allclose(image[55, 20], (20, 20, 200), atol=10)


@pytest.mark.parametrize("data", [b"", b"no", b"\xff\xd8\xff garbage", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_refused_by_name(tmp_path, data):
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(SourceError, match=r"x\.png is not an image, or a damaged one"):
        read_image(tmp_path / "x.png")


def test_a_missing_or_unreadable_file_is_told_apart(tmp_path):
    with pytest.raises(SourceError, match=r"x\.png cannot be read: No such file"):
        read_image(tmp_path / "x.png")


def test_an_image_beyond_opencv_limits_is_refused(tmp_path):
    header = b"P6 50000 50000 255\n"
    (tmp_path / "huge.ppm").write_bytes(header + bytes(10))
    with pytest.raises(SourceError, match=r"huge\.ppm is not an image"):
        read_image(tmp_path / "huge.ppm", SourceLimits(max_pixels=1 << 40))


def test_a_folder_is_read_in_the_order_of_names_and_only_its_images(tmp_path):
    folder = write_images(tmp_path / "f", ["b.png", "a.PNG", "10.jpg"], grey_images(3))
    (folder / "notes.txt").write_text("no image")
    (folder / "sub.png").mkdir()
    frames = list(folder_source(folder).frames())
    assert [(f.index, f.name) for f in frames] == [(0, "10.jpg"), (1, "a.PNG"), (2, "b.png")]
    assert [f.time_s for f in frames] == [0.0, 0.04, 0.08]


@pytest.mark.parametrize("bad", ["a.png", "b.png", "c.png"])
def test_an_unreadable_image_is_left_out_and_named(tmp_path, bad):
    folder = write_images(tmp_path / "f", ["a.png", "b.png", "c.png"], grey_images(3, (20, 30)))
    (folder / bad).write_text("no image")
    source = folder_source(folder)
    frames, ended = all_of(source.frames())
    names = [frame.name for frame in frames]
    assert names == [name for name in ("a.png", "b.png", "c.png") if name != bad]
    assert isinstance(ended, SourceDamaged)
    assert str(ended) == f"{folder / bad} is not an image, or a damaged one: 2 of 3 images done"
    assert ended.count == source.count == FrameCount(3, 2, missing=1, unreadable=(bad,))
    assert (source.facts.width, source.facts.height) == (30, 20)


@pytest.mark.parametrize("limit", [1, 2])
def test_an_unreadable_image_before_the_last_wanted_one_is_named_too(tmp_path, limit):
    names = ["a.png", "b.png", "c.png", "d.png"]
    folder = write_images(tmp_path / "f", names, grey_images(4))
    for bad in ("a.png", "d.png"):
        (folder / bad).write_text("no image")
    frames, ended = all_of(folder_source(folder).frames(Part(limit=limit)))
    assert [frame.name for frame in frames] == ["b.png", "c.png"][:limit]
    assert isinstance(ended, SourceDamaged)
    assert (str(folder / "a.png") in str(ended), ended.count.decoded) == (True, limit)
    assert ended.count.unreadable == ("a.png",)


def test_every_unreadable_image_is_counted(tmp_path):
    names = [f"{i}.png" for i in range(5)]
    folder = write_images(tmp_path / "f", names, grey_images(5))
    for bad in names[1:4]:
        (folder / bad).write_text("no image")
    _, ended = all_of(folder_source(folder).frames())
    assert "1.png is not an image, or a damaged one, and 2 more could not be read: 2 of 5" in str(
        ended
    )
    assert ended.count.unreadable == tuple(names[1:4])


def test_images_of_different_sizes_need_stills(tmp_path):
    images = [*grey_images(1, (20, 30)), *grey_images(1, (22, 30))]
    folder = write_images(tmp_path / "f", ["a.png", "b.png"], images)
    with pytest.raises(SourceError, match=r"b\.png measures 30x22, .* 30x20: use --stills"):
        list(folder_source(folder).frames())
    assert len(list(folder_source(folder, same_size=False).frames())) == 2


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(SourceError, match="holds no images"):
        folder_source(tmp_path)


def test_read_images_takes_an_image_or_a_folder(tmp_path):
    folder = write_images(tmp_path / "f", ["a.png", "b.png"], grey_images(2))
    assert [frame.name for frame in read_images(folder)] == ["a.png", "b.png"]
    assert [frame.time_s for frame in read_images(folder, fps=2)] == [0.0, 0.5]
    assert [frame.name for frame in read_images(folder / "b.png")] == ["b.png"]
    with pytest.raises(SourceError, match=r"v\.mp4 is not an image .*: use read_video"):
        read_images(write_video(tmp_path / "v.mp4", grey_images(2)))
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        read_images(tmp_path / "nothing")
