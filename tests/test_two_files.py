import os
from fractions import Fraction

import numpy as np
import pytest
from video_samples import audio_packets, smooth_image, video_times, write_video

from deep3d.video import VideoReader, pack
from deep3d.video.two_files import TwoFilesWriter

RATE = Fraction(25)


def _views(number):
    return smooth_image(number), 255 - smooth_image(number)


def test_two_files_hold_one_eye_each(tmp_path):
    source = write_video(tmp_path / "source.mp4", audio=("aac",))
    with TwoFilesWriter(
        tmp_path / "film.mkv", 128, 48, RATE, 1 / RATE, copy_from=source, crf=4
    ) as writer:
        for number in range(3):
            writer.write(pack(*_views(number), "two_files"), number)
    assert [path.name for path in writer.paths] == ["film.Left.mkv", "film.Right.mkv"]
    for eye, path in enumerate(writer.paths):
        with VideoReader(path) as reader:
            for number, frame in enumerate(reader):
                assert np.abs(frame.image.astype(int) - _views(number)[eye]).mean() < 2.5
        assert len(video_times(path)) == 3
        assert [data for _, data in audio_packets(path)] == [
            data for _, data in audio_packets(source)
        ]
    assert len(os.listdir(tmp_path)) == 3


def test_two_files_exception_leaves_nothing(tmp_path):
    with (
        pytest.raises(RuntimeError),
        TwoFilesWriter(tmp_path / "film.mp4", 128, 48, RATE, 1 / RATE) as writer,
    ):
        writer.write(pack(*_views(0), "two_files"), 0)
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_two_files_that_cannot_be_opened_leave_nothing(tmp_path):
    (tmp_path / "film.Right.mp4").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        TwoFilesWriter(tmp_path / "film.mp4", 128, 48, RATE, 1 / RATE)
    assert os.listdir(tmp_path) == ["film.Right.mp4"]
