"""Films that go wrong elsewhere, through the whole converter."""

import json
import os
import resource
import subprocess
import sys
from fractions import Fraction

import av
import keras
import numpy as np
import pytest
from film_samples import chapters_of, packets_of, write_film
from test_high_dynamic_range import DISPLAY, write_hdr
from video_samples import smooth_image, video_times, write_video

from deep3d import conversion
from deep3d.config import ModelConfig
from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor
from deep3d.model import build_deep3d
from deep3d.video import VideoReader, unpack
from deep3d.video.high_dynamic_range import light_metadata

CONFIG = ModelConfig(levels=DisparityLevels(minimum=-2, count=4, width=64), height=32, width=64)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return build_deep3d(CONFIG)


@pytest.fixture(scope="module")
def predictor(network):
    return Predictor(network, CONFIG)


@pytest.fixture(scope="module")
def script():
    """convert_video.py in its own process, with the shipped model, which starts fastest."""

    def run(*arguments, **options):
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        return subprocess.run(
            [sys.executable, f"{here}/convert_video.py", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=240,
            env=os.environ | {"PYTHONPATH": here},
            **options,
        )

    return run


@pytest.mark.parametrize("renderer", ["warp", "select"])
def test_convert_hdr(tmp_path, predictor, renderer):
    source = write_hdr(tmp_path / "film.mkv")
    config = ConversionConfig(format="full_sbs", crf=2, renderer=renderer)
    result = conversion.convert(source, None, predictor, config)
    assert result.losses == ()
    with av.open(str(result.output)) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == "hevc"
        stored = next(container.decode(video=0))
    assert stored.format.name == "yuv420p10le"
    assert (stored.colorspace, stored.color_primaries, stored.color_trc) == (9, 9, 16)
    assert light_metadata(stored).mastering_display == DISPLAY
    with VideoReader(source) as old, VideoReader(result.output) as new:
        old.full_depth = new.full_depth = True
        for before, after in zip(old, new, strict=True):
            left, right = unpack(after.image, "full_sbs")
            assert np.abs(left.astype(int) - before.image).mean() < 160
            assert np.abs(right.astype(int) - before.image).mean() < 6000


@pytest.mark.parametrize("stereo_format", ["two_files", "rgbd", "vr180", "interleaved"])
def test_convert_hdr_to_every_kind_of_frame(tmp_path, predictor, stereo_format):
    source = write_hdr(tmp_path / "film.mkv", frames=3)
    config = ConversionConfig(format=stereo_format, container="mp4")
    result = conversion.convert(source, None, predictor, config)
    assert (result.frames, result.losses) == (3, ())
    for path in filter(None, (result.output, result.right_output)):
        with av.open(str(path)) as container:
            stored = next(container.decode(video=0))
        assert (stored.format.name, stored.color_trc) == ("yuv420p10le", 16)
        assert light_metadata(stored).mastering_display == DISPLAY
    if stereo_format in ("two_files", "rgbd"):
        with VideoReader(source) as old, VideoReader(result.output) as new:
            old.full_depth = new.full_depth = True
            before, after = next(iter(old)).image, next(iter(new)).image
        if stereo_format == "rgbd":
            after, gray = unpack(after, "rgbd")
            # Levels of -2..1 of 64 pixels are -3.1..1.6 % of the width, 25 steps of gray each.
            assert 128 - 78 - 4 < gray.min() / 256 < gray.max() / 256 < 128 + 39 + 4
        assert np.abs(after.astype(int) - before).mean() < 300


@pytest.mark.parametrize(
    ("options", "pixels", "losses"),
    [
        ({"codec": "av1"}, "yuv420p10le", ["brightness"]),
        ({"codec": "h264"}, "yuv420p", ["10 bits", "brightness"]),
        ({"bits": 8}, "yuv420p", ["10 bits", "brightness"]),
        ({"codec": "h265", "lossless": True}, "gbrp", ["10 bits"]),
    ],
)
def test_convert_hdr_as_asked_names_what_is_lost(tmp_path, predictor, options, pixels, losses):
    source = write_hdr(tmp_path / "film.mkv", frames=3)
    result = conversion.convert(source, None, predictor, ConversionConfig(**options))
    assert len(result.losses) == len(losses)
    for named, words in zip(result.losses, losses, strict=True):
        assert named.startswith(words)
    with av.open(str(result.output)) as container:
        assert next(container.decode(video=0)).format.name == pixels


@pytest.mark.parametrize("codec", ["h265", "av1"])
def test_convert_ten_bits_stay_ten(tmp_path, predictor, codec):
    source = write_hdr(tmp_path / "film.mkv", transfer=1)
    config = ConversionConfig(format="full_sbs", codec=codec, bits=10, crf=1)
    result = conversion.convert(source, None, predictor, config)
    assert result.losses == ()
    with VideoReader(source) as old, VideoReader(result.output) as new:
        old.full_depth = new.full_depth = True
        for before, after in zip(old, new, strict=True):
            left, _ = unpack(after.image, "full_sbs")
            error = np.abs(left.astype(int) - before.image)
            # Rounding to 8 bits alone would err by 64 on average. The last columns share their
            # color samples with the right view.
            assert error[:, :-4].mean() < 64


def test_convert_ten_bits_into_eight_is_named(tmp_path, predictor):
    def set_up(stream):
        stream.pix_fmt = "yuv420p10le"

    source = write_video(tmp_path / "film.mkv", codec="libx265", set_up=set_up)
    result = conversion.convert(source, None, predictor, ConversionConfig())
    assert result.losses == ("10 bits for each color (8 are written)",)


def test_convert_announces_losses_before_the_first_frame(tmp_path, predictor):
    source, heard = write_film(tmp_path / "film.mkv", seconds=1), []
    conversion.convert(
        source,
        tmp_path / "film.mp4",
        predictor,
        ConversionConfig(),
        progress=lambda *_: heard.append("frame"),
        announce=heard.append,
    )
    assert heard[0] == (
        "styles of the ass subtitles (eng)",
        "hdmv_pgs_subtitle subtitles (fra)",
        "attachment Fancy.ttf",
        "tags director",
    )
    assert heard[1:] == ["frame"] * 25


@pytest.mark.parametrize("stereo_format", ["half_sbs", "full_tab"])
def test_convert_carries_everything(tmp_path, predictor, stereo_format):
    source = write_film(tmp_path / "film.mkv", seconds=1)
    result = conversion.convert(source, None, predictor, ConversionConfig(format=stereo_format))
    assert result.losses == ()
    assert chapters_of(result.output) == chapters_of(source)
    for kind, count in (("audio", 2), ("subtitle", 3)):
        for number in range(count):
            before = packets_of(source, kind, number)
            after = packets_of(result.output, kind, number)
            assert [(p[0], p[2]) for p in after] == [(p[0], p[2]) for p in before]


def test_convert_film_that_changes_size(tmp_path, predictor):
    def part(name, times, width, height):
        images = [smooth_image(n, width, height) for n in range(len(times))]
        path = tmp_path / name
        return write_video(path, times, Fraction(1, 25), images=images, codec="mpeg2video")

    one, two = part("a.ts", range(8), 64, 48), part("b.ts", range(8, 16), 96, 48)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    result = conversion.convert(both, tmp_path / "x.mp4", predictor, ConversionConfig())
    assert result.frames == len(video_times(both))
    assert len(result.remarks) == 1
    assert "were of another size and scaled to 64x48" in result.remarks[0]
    with VideoReader(both) as reader:
        last = list(reader)[-1].image
    assert last.shape == (48, 64, 3)
    # 96x48 fits into 64x32: bars above and below, and the picture undistorted between them
    assert last[:7].max() <= 2
    assert last[-7:].max() <= 2
    assert last[9:-9].max(axis=2).min() > 60


@pytest.mark.parametrize("rate", [1, 240, 1000])
@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9"])
def test_convert_film_of_any_rate(tmp_path, predictor, rate, codec):
    times = [Fraction(number, rate) for number in range(9)]
    source = write_video(
        tmp_path / "film.mp4",
        range(9),
        Fraction(1, rate),
        set_up=lambda stream: setattr(stream.codec_context, "framerate", Fraction(rate)),
    )
    config = ConversionConfig(codec=codec)
    result = conversion.convert(source, tmp_path / "x.mp4", predictor, config)
    assert result.frames == 9 and not result.remarks
    with VideoReader(result.output) as reader:
        assert [frame.time for frame in reader] == times


@pytest.mark.slow
def test_convert_8k(tmp_path, predictor):
    images = [smooth_image(number, 7680, 4320) for number in range(3)]
    source = write_video(tmp_path / "film.mkv", range(0, 120, 40), images=images)
    result = conversion.convert(source, None, predictor, ConversionConfig(preset="ultrafast"))
    with VideoReader(result.output) as reader:
        frames = [frame.image for frame in reader]
    assert len(frames) == 3 and frames[0].shape == (4320, 7680, 3)
    with VideoReader(source) as reader:
        original = next(iter(reader)).image
    left, _ = unpack(frames[0], "half_sbs")
    assert np.abs(left[::8, ::8].astype(int) - original[::8, ::16]).mean() < 3


def test_convert_rotated_film_is_upright_and_not_rotated_again(tmp_path, predictor):
    source = write_video(
        tmp_path / "film.mp4",
        range(0, 200, 40),
        images=[smooth_image()] * 5,
        set_up=lambda stream: stream.set_display_rotation(90),
    )
    result = conversion.convert(source, None, predictor, ConversionConfig(format="full_sbs"))
    with av.open(str(result.output)) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height, frame.rotation) == (96, 64, 0)


NAMES = [
    "a film.mkv",
    "-start.mkv",
    "two\nlines.mkv",
    "фильм 映画 🎬.mkv",
    "%d 'q\" $x.mkv",
    "--.mkv",
]


def test_script_takes_any_name(tmp_path, script):
    for name in NAMES:
        write_video(tmp_path / name, range(0, 200, 40))
    done = script("--quiet", "--", *NAMES, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = sorted(path.name for path in tmp_path.iterdir() if ".3D." in path.name)
    assert made == sorted(name.removesuffix(".mkv") + ".3D.HSBS_LR.mkv" for name in NAMES)


def test_script_names_losses_first(tmp_path, script):
    source = write_film(tmp_path / "film.mkv", seconds=1)
    done = script(source, f"--output={tmp_path / 'film.mp4'}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("film.mkv: not kept: styles of the ass subtitles (eng); hdmv_pgs")


@pytest.mark.slow
def test_script_passes_over_loops_of_links(tmp_path, script):
    folder = tmp_path / "films"
    folder.mkdir()
    write_video(folder / "b.mp4", range(0, 200, 40))
    (folder / "a.mp4").symlink_to(folder / "c.mp4")
    (folder / "c.mp4").symlink_to(folder / "a.mp4")
    (folder / "again").symlink_to(folder)
    done = script(folder, "--json")
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert ["error" in fact for fact in facts] == [True, False, True]
    assert facts[1]["losses"] == facts[1]["remarks"] == []
    assert "Traceback" not in done.stderr
    assert (folder / "b.3D.HSBS_LR.mp4").exists()


@pytest.mark.slow
def test_script_on_a_full_disk(tmp_path, script):
    # A limit on the size of files fails like a full disk.
    film = tmp_path / "film.mkv"
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(50)]
    write_video(film, range(0, 2000, 40), images=noise)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # noqa: E731
    done = script(film, "--crf=1", cwd=tmp_path, preexec_fn=limit)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["film.mkv"]
