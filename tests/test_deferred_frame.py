"""Frames that become pictures when they are asked for, against those that come as pictures."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from video_samples import smooth_image, write_video

from deep3d.video import VideoError, VideoReader

SIZE = (32, 18)


def deferred(path, take):
    """What `take` makes of every frame, while its file is open."""
    with VideoReader(path) as reader:
        return [take(frame) for frame in reader.deferred()]


def pictures(path):
    with VideoReader(path) as reader:
        return [frame.image for frame in reader]


def colored(width=128, height=72):
    """Each quarter has its own color."""
    image = np.zeros((height, width, 3), np.uint8)
    rows, columns = height // 2, width // 2
    for k, color in enumerate([(200, 60, 40), (40, 180, 60), (50, 70, 210), (220, 210, 60)]):
        row, column = divmod(k, 2)
        image[row * rows :, column * columns :] = color
    return image


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_image_is_that_of_the_reader(tmp_path, name):
    path = write_video(tmp_path / name)
    images = deferred(path, lambda frame: frame.image)
    np.testing.assert_array_equal(images, pictures(path))


def test_image_is_that_of_the_reader_when_asked_late_and_twice(tmp_path):
    path = write_video(tmp_path / "film.mkv")
    with VideoReader(path) as reader:
        frames = list(reader.deferred())
        images = [[frame.image for frame in reversed(frames)] for _ in range(2)]
    np.testing.assert_array_equal(images[0][::-1], pictures(path))
    np.testing.assert_array_equal(images[0], images[1])


def test_times_are_those_of_the_reader(tmp_path):
    path = write_video(tmp_path / "film.mkv", (360_000, 360_041, 360_083, 360_500))
    times = deferred(path, lambda frame: (frame.pts, frame.time))
    with VideoReader(path) as reader:
        assert times == [(frame.pts, frame.time) for frame in reader]
    assert len(times) == 4


def test_thumbnail_is_like_a_resized_image(tmp_path):
    images = [colored(), smooth_image(0, 128, 72)]
    path = write_video(tmp_path / "film.mkv", (0, 40), images=images)
    for image, small in deferred(path, lambda frame: (frame.image, frame.thumbnail(*SIZE))):
        assert small.shape == (18, 32, 3) and small.dtype == np.uint8
        expected = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
        assert np.abs(small.astype(int) - expected).mean() < 3
        assert np.abs(small.astype(int).mean((0, 1)) - expected.mean((0, 1))).max() < 2


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_image_and_thumbnail_are_upright(tmp_path, degrees):
    path = write_video(
        tmp_path / "film.mp4",
        (0, 40),
        images=[colored()] * 2,
        set_up=lambda stream: stream.set_display_rotation(degrees),
    )
    size = SIZE if degrees == 180 else SIZE[::-1]
    taken = deferred(path, lambda frame: (frame.image, frame.thumbnail(*size)))
    upright = np.rot90(colored(), degrees // 90)
    np.testing.assert_array_equal([image for image, _ in taken], pictures(path))
    expected = cv2.resize(np.ascontiguousarray(upright), size, interpolation=cv2.INTER_AREA)
    for image, small in taken:
        assert image.shape == upright.shape and small.shape == expected.shape
        assert np.abs(small.astype(int) - expected).mean() < 4


def test_thumbnail_of_a_frame_of_another_size(tmp_path):
    parts = []
    for k, size in enumerate([(64, 48), (128, 96)]):
        path = tmp_path / f"{k}.ts"
        images, times = [smooth_image(0, *size)] * 5, range(5 * k, 5 * k + 5)
        write_video(path, times, Fraction(1, 25), images=images, codec="mpeg2video")
        parts.append(path.read_bytes())
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(parts))
    small = np.array(deferred(path, lambda frame: frame.thumbnail(*SIZE)), int)
    assert len(small) > 5
    assert np.abs(small - small[0]).mean() < 3


def test_deferred_frames_of_a_damaged_film(tmp_path):
    path = write_video(tmp_path / "film.mp4", range(0, 2000, 40))
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 8
    middle = (begin + len(data)) // 2
    data[middle : middle + 60] = bytes(60)
    path.write_bytes(data)
    images = deferred(path, lambda frame: frame.image)
    np.testing.assert_array_equal(images, pictures(path))
    data[middle : middle + len(data) // 3] = bytes(len(data) // 3)
    path.write_bytes(data[: begin + 40])
    with pytest.raises(VideoError, match=r"film\.mp4"):
        deferred(path, lambda frame: frame.image)
