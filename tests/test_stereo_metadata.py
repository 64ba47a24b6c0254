import re
from fractions import Fraction

import av
import numpy as np
import pytest
from video_samples import HEIGHT, WIDTH, smooth_image

from deep3d.video.stereo_format import LAYOUTS, OUTPUT_FORMATS
from deep3d.video.stereo_metadata import output_name, stereo_tags
from deep3d.video.video_writer import VideoWriter

# Matroska elements (RFC 9559): those that contain others on the way to StereoMode, and itself.
_SEGMENT, _TRACKS, _TRACK_ENTRY, _VIDEO, _STEREO_MODE = 0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x53B8
_DISPLAY_WIDTH = 0x54B0


def _write(path, stereo_format, sample_aspect_ratio=None):
    rate = Fraction(25)
    with VideoWriter(
        path,
        WIDTH,
        HEIGHT,
        rate,
        1 / rate,
        stereo_format=stereo_format,
        sample_aspect_ratio=sample_aspect_ratio,
    ) as writer:
        for number in range(3):
            writer.write(smooth_image(number), number)
    return path


def _elements(data, begin, end):
    """Yields (id, value bytes) of a Matroska file, descending into the elements above."""
    while begin < end:
        length = 9 - data[begin].bit_length()
        identifier = int.from_bytes(data[begin : begin + length], "big")
        begin += length
        length = 9 - data[begin].bit_length()
        size = int.from_bytes(data[begin : begin + length], "big") - (1 << 7 * length)
        begin += length
        stop = end if size == (1 << 7 * length) - 1 else begin + size
        if identifier in (_SEGMENT, _TRACKS, _TRACK_ENTRY, _VIDEO):
            yield from _elements(data, begin, stop)
        else:
            yield identifier, data[begin:stop]
        begin = stop


def _matroska_values(path):
    data = path.read_bytes()
    return {key: int.from_bytes(value, "big") for key, value in _elements(data, 0, len(data))}


def _frame_packing(path):
    """1 side by side, 2 top and bottom (AVStereo3DType), None without a message in the stream."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        side_data = frame.side_data.get("STEREO3D")
        return None if side_data is None else int(np.frombuffer(bytes(side_data), np.int32)[0])


@pytest.mark.parametrize(
    ("stereo_format", "mode"),
    [("half_sbs", 1), ("full_sbs", 1), ("half_tab", 3), ("full_tab", 3), ("anaglyph_dubois", 10)],
)
def test_matroska_stereo_mode_is_in_the_file(tmp_path, stereo_format, mode):
    values = _matroska_values(_write(tmp_path / "film.mkv", stereo_format))
    assert values[_STEREO_MODE] == mode


def test_matroska_mono_has_no_stereo_mode(tmp_path):
    assert _STEREO_MODE not in _matroska_values(_write(tmp_path / "film.mkv", None))


def test_matroska_pixel_aspect_is_not_lost_to_the_stereo_mode(tmp_path):
    path = _write(tmp_path / "film.mkv", "half_sbs", Fraction(4, 3))
    assert _STEREO_MODE not in _matroska_values(path)
    with av.open(str(path)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize(
    ("stereo_format", "packing"),
    [("half_sbs", 1), ("half_tab", 2), ("full_sbs", None), ("full_tab", None), (None, None)],
)
def test_frame_packing_message_is_in_half_formats(tmp_path, stereo_format, packing):
    # MP4, so that it can only come from the H.264 stream.
    assert _frame_packing(_write(tmp_path / "film.mp4", stereo_format)) == packing


def test_output_name_preset():
    assert (
        output_name("clips/film.mov", "half_sbs", ".mp4").as_posix() == "clips/film.3D.HSBS_LR.mp4"
    )
    assert output_name("a.b.MKV", "full_tab", ".mkv").name == "a.b.3D.TAB_TBF.mkv"
    assert output_name("film.avi", "half_tab", ".mp4").name == "film.3D.HTAB_TB.mp4"
    assert output_name("film.avi", "full_sbs", ".mkv").name == "film.3D.SBS_LRF_Full_SBS.mkv"
    assert output_name("film.mp4", "anaglyph_gray", ".mp4").name == "film.3D.Anaglyph.mp4"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_output_name_is_read_by_kodi(layout):
    # The expressions of Kodi's advancedsettings, stereoscopicregex3d / sbs / tab.
    name = output_name("film.mkv", layout, ".mkv").name
    assert re.search(r"[-. _]3d[-. _]", name, re.IGNORECASE)
    sides = re.search(r"[-. _]h?sbs[-. _]", name, re.IGNORECASE)
    above = re.search(r"[-. _]h?tab[-. _]", name, re.IGNORECASE)
    assert (bool(sides), bool(above)) == (layout.endswith("sbs"), layout.endswith("tab"))


def test_output_names_differ_by_format():
    names = {output_name("film.mp4", name, ".mp4").name for name in OUTPUT_FORMATS}
    assert len(names) == len(OUTPUT_FORMATS) - 3  # the four red-cyan ones share a name


@pytest.mark.parametrize("stereo_format", OUTPUT_FORMATS)
def test_stereo_tags_exist_for_every_format(stereo_format):
    assert stereo_tags(stereo_format).name_tokens.split(".")[0] == "3D"


def test_stereo_tags_rejects_unknown_formats():
    with pytest.raises(ValueError, match="stereo format must be one of"):
        stereo_tags("sbs")
    with pytest.raises(ValueError, match="begin with a dot"):
        output_name("film.mp4", "half_sbs", "mkv")
