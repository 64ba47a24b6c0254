import itertools
import struct
from fractions import Fraction

import av
import pytest
from tag_readers import mp4_boxes
from video_samples import audio_packets, smooth_image, video_times, write_video

from deep3d.video import mp4_boxes as boxes
from deep3d.video.mp4_boxes import finish_mp4, st3d, sv3d_half_sphere


@pytest.fixture
def film(tmp_path):
    """Two soundtracks and many chunks, the index behind everything."""
    times = range(0, 2000, 40)
    return write_video(
        tmp_path / "film.mp4",
        times,
        images=[smooth_image(number) for number in range(len(times))],
        audio=("aac", "aac"),
        audio_s=2.0,
    )


def _content(path):
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    return video_times(path), frames, audio_packets(path), audio_packets(path, 1)


def _top(path):
    return [kinds[0] for kinds, _, _ in mp4_boxes(path.read_bytes()) if len(kinds) == 1]


@pytest.mark.parametrize("wide", [False, True])
def test_finish_mp4_keeps_all_content(film, monkeypatch, wide):
    before, order = _content(film), _top(film)
    assert order.index("moov") > order.index("mdat")
    if wide:
        monkeypatch.setattr(boxes, "_LARGEST_OFFSET", 1000)
    finish_mp4(film, st3d(boxes.LEFT_RIGHT) + sv3d_half_sphere())
    assert _content(film) == before
    order = _top(film)
    assert order.index("moov") == 1 and "mdat" in order
    kinds = [path[-1] for path, _, _ in mp4_boxes(film.read_bytes())]
    assert kinds.count("st3d") == kinds.count("sv3d") == 1
    assert kinds.count("co64") == (3 if wide else 0) == 3 - kinds.count("stco")


def test_finish_mp4_moves_every_chunk(film):
    def chunks():
        data = film.read_bytes()
        for kinds, payload, _ in mp4_boxes(data):
            if kinds[-1] == "stco":
                for (offset,) in itertools.islice(struct.iter_unpack(">I", payload[8:]), 99):
                    yield data[offset : offset + 16]

    before = list(chunks())
    finish_mp4(film, st3d(1))
    assert list(chunks()) == before and len(before) > 3


def test_finish_mp4_in_small_steps(film, monkeypatch):
    before = _content(film)
    monkeypatch.setattr(boxes, "_BLOCK", 1000)
    finish_mp4(film)
    assert _content(film) == before


def test_finish_mp4_puts_boxes_behind_the_configuration(film):
    finish_mp4(film, st3d(2))
    kinds = [path[-1] for path, _, _ in mp4_boxes(film.read_bytes()) if "avc1" in path]
    assert kinds[:3] == ["avc1", "avcC", "st3d"]
    assert kinds[3:] == ["btrt"]


def test_finish_mp4_rejects_other_files(tmp_path, film):
    path = tmp_path / "a.mp4"
    path.write_bytes(film.read_bytes()[:-3])
    with pytest.raises(ValueError, match="must lie within its file"):
        finish_mp4(path, st3d(2))
    finish_mp4(film)
    with pytest.raises(ValueError, match="index must be the last box"):
        finish_mp4(film, st3d(2))


def test_boxes_preset():
    assert st3d(2).hex() == "0000000d" + "73743364" + "00000000" + "02"
    bounds = [box[1] for box in mp4_boxes(sv3d_half_sphere()) if box[0][-1] == "equi"]
    assert [Fraction(part, 1 << 32) for part in struct.unpack(">4I", bounds[0][4:])] == [
        0,
        0,
        Fraction(1, 4),
        Fraction(1, 4),
    ]
