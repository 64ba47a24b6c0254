import re
from fractions import Fraction

import av
import pytest
from tag_readers import (
    ffmpeg_frame_packing,
    ffmpeg_stereo,
    matroska_stereo_mode,
    mp4_stereo,
    sei_payloads,
)
from video_samples import HEIGHT, WIDTH, smooth_image

from deep3d.video.stereo_format import LAYOUTS, OUTPUT_FORMATS
from deep3d.video.stereo_metadata import eye_paths, output_name, stereo_tags
from deep3d.video.video_writer import VideoWriter

QUARTER = 1 << 30
HALF_SPHERE = (QUARTER, 0, QUARTER, 0)  # FFmpeg's order: left, top, right, bottom
# Of stereo3d.h: 1 beside, 2 above, 6 rows; and whether the right view comes first.
BESIDE, ABOVE, ROWS, CROSSED = (1, False), (2, False), (6, False), (1, True)


def _write(path, stereo_format, codec="h264", **options):
    rate = Fraction(25)
    with VideoWriter(
        path, WIDTH, HEIGHT, rate, 1 / rate, stereo_format=stereo_format, codec=codec, **options
    ) as writer:
        for number in range(3):
            writer.write(smooth_image(number), number)
    return path


@pytest.mark.parametrize(
    ("stereo_format", "mode", "in_webm"),
    [
        ("half_sbs", 1, 1),
        ("full_sbs", 1, 1),
        ("half_tab", 3, 3),
        ("full_tab", 3, 3),
        ("cross_eyed", 11, 11),
        ("interleaved", 7, None),
        ("vr180", 1, 1),
        ("anaglyph_dubois", 10, None),
        ("anaglyph_green_magenta", 12, None),
        ("anaglyph_amber_blue", None, None),
        ("rgbd", None, None),
        ("disparity", None, None),
        (None, None, None),
    ],
)
def test_matroska_stereo_mode_is_in_the_file(tmp_path, stereo_format, mode, in_webm):
    assert matroska_stereo_mode(_write(tmp_path / "film.mkv", stereo_format)) == mode
    webm = _write(tmp_path / "film.webm", stereo_format, "vp9", preset="ultrafast")
    assert matroska_stereo_mode(webm) == in_webm


def test_matroska_pixel_aspect_is_not_lost_to_the_stereo_mode(tmp_path):
    path = _write(tmp_path / "film.mkv", "half_sbs", sample_aspect_ratio=Fraction(4, 3))
    assert matroska_stereo_mode(path) is None
    with av.open(str(path)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize(
    ("stereo_format", "mode", "seen"),
    [
        ("half_sbs", 2, BESIDE),
        ("full_sbs", 2, BESIDE),
        ("half_tab", 1, ABOVE),
        ("full_tab", 1, ABOVE),
        ("cross_eyed", 4, None),  # FFmpeg does not know this number
        ("vr180", 2, BESIDE),
        ("rgbd", None, None),
        ("anaglyph_dubois", None, None),
        (None, None, None),
    ],
)
def test_st3d_is_in_the_file(tmp_path, suffix, codec, stereo_format, mode, seen):
    path = _write(tmp_path / f"film{suffix}", stereo_format, codec)
    bounds = (0, 0, QUARTER, QUARTER) if stereo_format == "vr180" else None
    entry = {"h264": "avc1", "h265": "hvc1"}[codec]
    assert mp4_stereo(path) == (mode, bounds, entry)
    spherical = HALF_SPHERE if stereo_format == "vr180" else None
    assert ffmpeg_stereo(path) == (seen, spherical)


@pytest.mark.parametrize("codec", ["av1", "vp9"])
def test_st3d_is_beside_every_codec(tmp_path, codec):
    path = _write(tmp_path / "film.mp4", "vr180", codec, preset="ultrafast")
    assert ffmpeg_stereo(path) == (BESIDE, HALF_SPHERE)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "h264"), ("a.mkv", "h265"), ("a.webm", "vp9"), ("a.webm", "av1")]
)
def test_half_sphere_is_in_matroska(tmp_path, name, codec):
    path = _write(tmp_path / name, "vr180", codec, preset="ultrafast")
    assert ffmpeg_stereo(path) == (BESIDE, HALF_SPHERE)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("stereo_format", "codec", "packing"),
    [
        ("half_sbs", "h264", BESIDE),
        ("half_tab", "h264", ABOVE),
        ("interleaved", "h264", ROWS),
        ("full_sbs", "h264", None),
        ("cross_eyed", "h264", None),
        (None, "h264", None),
        ("half_sbs", "h265", BESIDE),
        ("half_tab", "h265", ABOVE),
        ("interleaved", "h265", None),  # H.265 has no such arrangement
        ("full_tab", "h265", None),
    ],
)
def test_frame_packing_message_is_in_the_stream(tmp_path, suffix, stereo_format, codec, packing):
    path = _write(tmp_path / f"film{suffix}", stereo_format, codec)
    assert ffmpeg_frame_packing(path) == packing
    assert (45 in sei_payloads(path)) == (packing is not None)


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


def test_eye_paths_preset():
    left, right = eye_paths("clips/film.3D.mp4")
    assert left.as_posix() == "clips/film.3D.Left.mp4"
    assert right.name == "film.3D.Right.mp4"


def test_stereo_tags_rejects_unknown_formats():
    with pytest.raises(ValueError, match="stereo format must be one of"):
        stereo_tags("sbs")
    with pytest.raises(ValueError, match="begin with a dot"):
        output_name("film.mp4", "half_sbs", "mkv")
