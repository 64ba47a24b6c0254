import zlib
from fractions import Fraction

import av
import pytest
from tag_readers import (
    CRC_32,
    PROJECTION_PRIVATE,
    SEEK_ID,
    SEEK_POSITION,
    SEGMENT,
    ffmpeg_stereo,
    matroska_elements,
    matroska_values,
)
from video_samples import HEIGHT, WIDTH, smooth_image, video_times, write_video

from deep3d.video import VideoWriter
from deep3d.video.matroska_projection import add_half_sphere


@pytest.fixture
def film(tmp_path):
    """Sound, tags and chapters: all that FFmpeg lists in its table of contents."""

    def with_chapters(container):
        container.metadata["title"] = "A film"
        container.set_chapters(
            [
                {"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {}},
                {"id": 2, "start": 200, "end": 480, "time_base": Fraction(1, 1000), "metadata": {}},
            ]
        )

    return write_video(tmp_path / "film.mkv", audio=("aac", "flac"), container=with_chapters)


def _contents(path):
    """Identifier -> the element that stands where the table of contents says."""
    data = path.read_bytes()
    elements = list(matroska_elements(data))
    base = next(position for key, _, position in elements if key == SEGMENT) + 12
    keys = [int.from_bytes(value, "big") for key, value, _ in elements if key == SEEK_ID]
    places = [int.from_bytes(value, "big") for key, value, _ in elements if key == SEEK_POSITION]
    there = {position: key for key, _, position in elements}
    return {key: there.get(base + place) for key, place in zip(keys, places, strict=True)}


def test_add_half_sphere_keeps_table_and_checksums(film):
    before, length, times = _contents(film), film.stat().st_size, video_times(film)
    assert len(before) == 5 and all(key == found for key, found in before.items())
    add_half_sphere(film)
    assert _contents(film) == before
    assert (film.stat().st_size, video_times(film)) == (length, times)
    checked = 0
    for _, content, _ in matroska_elements(film.read_bytes()):
        if content[:2] == bytes((CRC_32, 0x84)):
            assert zlib.crc32(content[6:]).to_bytes(4, "little") == content[2:6]
            checked += 1
    assert checked >= 6
    with av.open(str(film)) as container:
        assert len(container.chapters()) == 2 and container.metadata["title"] == "A film"
        assert len(container.streams.audio) == 2


def test_add_half_sphere_is_read_by_ffmpeg(film):
    assert ffmpeg_stereo(film)[1] is None
    add_half_sphere(film)
    assert ffmpeg_stereo(film)[1] == (1 << 30, 0, 1 << 30, 0)
    bounds = matroska_values(film)[PROJECTION_PRIVATE]
    assert bounds.hex() == "00000000" + "00000000" * 2 + "40000000" * 2


def test_add_half_sphere_rejects_other_files(tmp_path, film):
    path = tmp_path / "a.mkv"
    path.write_bytes(film.read_bytes()[:60])
    with pytest.raises(ValueError, match="must have an element"):
        add_half_sphere(path)
    with pytest.raises(ValueError, match="must leave room"):
        for _ in range(9):
            add_half_sphere(film)
    assert video_times(film) == video_times(write_video(tmp_path / "b.mkv"))


def test_writer_states_the_half_sphere_once(tmp_path):
    rate = Fraction(25)
    path = tmp_path / "film.mkv"
    with VideoWriter(path, WIDTH, HEIGHT, rate, 1 / rate, stereo_format="vr180") as writer:
        writer.write(smooth_image(), 0)
    keys = [key for key, _, _ in matroska_elements(path.read_bytes())]
    assert keys.count(PROJECTION_PRIVATE) == 1
