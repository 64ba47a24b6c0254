"""Single pictures from all over a film against those that the reader gives."""

import av
import numpy as np
import pytest
from video_samples import smooth_image, write_video

from deep3d.video import VideoError, VideoReader
from deep3d.video.key_frames import key_frames

EVERY = 5  # frames from one key frame to the next
TIMES = range(0, 2000, 40)


def short_groups(stream):
    stream.codec_context.gop_size = EVERY
    stream.codec_context.options = {"crf": "4", "sc_threshold": "0"}  # and none at a cut


def film_with_key_frames(path, **options):
    images = [smooth_image(3 * k) for k in range(len(TIMES))]
    return write_video(path, TIMES, images=images, set_up=short_groups, **options)


def read(path):
    with VideoReader(path) as reader:
        return [frame.image for frame in reader]


def numbers_of(pictures, frames):
    """Which frame each picture is, bit for bit."""
    return [
        next(n for n, image in enumerate(frames) if np.array_equal(picture, image))
        for picture in pictures
    ]


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_key_frames_are_those_of_the_reader(tmp_path, name):
    path = film_with_key_frames(tmp_path / name)
    pictures = list(key_frames(path, 5))
    # The middle of each fifth of 50 frames, back to the last multiple of 5.
    assert numbers_of(pictures, read(path)) == [5, 15, 25, 35, 45]
    assert all(picture.dtype == np.uint8 and picture.flags["C_CONTIGUOUS"] for picture in pictures)


def test_key_frames_before_a_damaged_place(tmp_path):
    """Pictures behind a key frame that are shown before others make the decoder hold it back."""

    def set_up(stream):
        stream.codec_context.gop_size = 25
        stream.codec_context.max_b_frames = 3
        stream.codec_context.options = {"crf": "4", "sc_threshold": "0"}

    images = [smooth_image(3 * k) for k in range(len(TIMES))]
    path = write_video(tmp_path / "film.mp4", TIMES, images=images, set_up=set_up)
    with av.open(path) as container:
        packets = [(one.pos, one.size) for one in container.demux(video=0) if one.size]
    frames, data = read(path), bytearray(path.read_bytes())
    for start, size in packets[28:40]:
        data[start : start + size] = bytes(size)
    path.write_bytes(data)
    assert numbers_of(key_frames(path, 8), frames) == [0, 25]


def test_key_frames_come_once(tmp_path):
    path = write_video(tmp_path / "film.mkv", TIMES)  # the encoder makes the first one alone
    assert numbers_of(key_frames(path, 24), read(path)) == [0]


@pytest.mark.parametrize("start", [0, 360_000])
@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_key_frames_of_a_late_start(tmp_path, name, start):
    images = [smooth_image(3 * k) for k in range(20)]
    times = range(start, start + 800, 40)
    path = write_video(tmp_path / name, times, images=images, set_up=short_groups)
    assert numbers_of(key_frames(path, 4), read(path)) == [0, 5, 10, 15]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_key_frames_are_upright(tmp_path, degrees):
    def set_up(stream):
        stream.set_display_rotation(degrees)
        short_groups(stream)

    path = write_video(tmp_path / "film.mp4", TIMES, set_up=set_up)
    frames = read(path)
    pictures = list(key_frames(path, 3))
    assert len(pictures) == 3 and pictures[0].shape == frames[0].shape
    assert all(any(np.array_equal(one, image) for image in frames) for one in pictures)


def test_key_frames_without_those_in_a_damaged_place(tmp_path):
    path = film_with_key_frames(tmp_path / "film.mp4")
    whole = list(key_frames(path, 10))
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 8
    middle, length = begin + (len(data) - begin) // 3, (len(data) - begin) // 6
    data[middle : middle + length] = bytes(length)
    path.write_bytes(data)
    pictures = list(key_frames(path, 10))
    assert 5 <= len(pictures) <= len(whole)
    # What is not damaged is as it was.
    same = sum(any(np.array_equal(one, other) for other in whole) for one in pictures)
    assert 5 <= same < len(whole)


def test_key_frames_rejects_what_is_no_film(tmp_path):
    (tmp_path / "film.mkv").write_text("no film at all\n" * 50)
    with pytest.raises(VideoError, match=r"film\.mkv"):
        list(key_frames(tmp_path / "film.mkv", 4))
