import dataclasses
import json
from fractions import Fraction

import av
import cv2
import keras
import pytest
from film_samples import write_film
from video_samples import WIDTH, smooth_image, write_video

from deep3d.config import ModelConfig
from deep3d.conversion import convert
from deep3d.conversion_config import ConversionConfig
from deep3d.conversion_plan import plan_conversion, plan_facts, plan_lines
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor
from deep3d.model import build_deep3d
from deep3d.video import VideoError

CONFIG = ModelConfig(levels=DisparityLevels(minimum=-2, count=4, width=64), height=32, width=64)


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    return Predictor(build_deep3d(CONFIG), CONFIG)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "film.mkv")


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mkv", {}),
        (".mp4", {"format": "full_tab", "codec": "h265", "bits": 10, "preset": "ultrafast"}),
        (".mov", {"format": "two_files"}),
        (".mkv", {"format": "vr180", "convergence": 1.0, "max_height": 100, "lossless": True}),
        (".mkv", {"format": "full_sbs", "max_width": 100, "end": 2.5}),
    ],
)
def test_plan_conversion_is_what_the_conversion_does(film, tmp_path, predictor, suffix, options):
    target, config = tmp_path / f"made{suffix}", ConversionConfig(**options)
    plan = plan_conversion(film, target, config)
    assert not list(tmp_path.iterdir())
    result = convert(film, target, predictor, config)
    assert [path for path in (result.output, result.right_output) if path] == list(plan.targets)
    assert plan.losses == result.losses
    assert plan.facts.frames == pytest.approx(result.frames, rel=0.2)  # subtitles end later
    with av.open(str(result.output)) as made:
        context = made.streams.video[0].codec_context
        assert (context.width, context.height) == (plan.width, plan.height)
        names = {"h264": "h264", "h265": "hevc"}
        assert context.codec.canonical_name == names[plan.encoding.codec]
        for kind, word in (("audio", "audio"), ("subtitle", "subtitles"), ("attachment", "attach")):
            told = [text for text in plan.copied + plan.converted if word in text]
            assert len(told) == sum(stream.type == kind for stream in made.streams)
        assert ("3 chapters" in plan.copied) == bool(made.chapters())
    again = plan_conversion(film, target, config)
    assert again.existing == again.targets
    assert plan_facts(again, overwrite=False)["refused"]
    assert not plan_facts(again, overwrite=True)["refused"]
    assert "refused without --overwrite" in "\n".join(plan_lines(again, overwrite=False))


def test_plan_conversion_tells_of_copies_and_losses(film, tmp_path):
    plan = plan_conversion(film, tmp_path / "made.mp4", ConversionConfig())
    assert plan.copied == ("aac audio (eng)", "ac3 audio (deu)", "cover picture", "3 chapters")
    assert plan.converted == (
        "subrip subtitles (deu) becomes mov_text",
        "ass subtitles (eng) becomes mov_text",
    )
    assert "hdmv_pgs_subtitle subtitles (fra)" in plan.losses
    assert "attachment Fancy.ttf" in plan.losses
    lines = plan_lines(plan, overwrite=False)
    assert lines[0] == f"{film}: 64x48, 25 frames/s, 0:03.1, about 78 frames, h264 of 8 bits"
    assert lines[1:3] == [
        f"  to {tmp_path / 'made.mp4'}",
        "  as half_sbs, 64x48, h264 of 8 bits, crf 18, preset fast",
    ]
    json.dumps(plan_facts(plan, overwrite=False))


def test_plan_conversion_of_what_is_turned_and_not_square(tmp_path):
    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(16, 11)
        stream.set_display_rotation(90)

    film = write_video(tmp_path / "film.mp4", set_up=set_up)
    facts = plan_conversion(film, tmp_path / "made.mp4", ConversionConfig()).facts
    assert (facts.width, facts.rotation) == (48, 90)
    assert facts.pixel_aspect == Fraction(11, 16)


def test_plan_conversion_of_a_picture(tmp_path, predictor):
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), smooth_image())
    for name, stereo_format in (("a.png", "full_tab"), ("b.mpo", "half_sbs")):
        config = ConversionConfig(stereo_format)
        plan = plan_conversion(source, tmp_path / name, config)
        made = cv2.imread(str(convert(source, tmp_path / name, predictor, config).output))
        shown = (WIDTH, 48) if name == "b.mpo" else made.shape[1::-1]  # OpenCV reads the left view
        assert (plan.width // (2 if name == "b.mpo" else 1), plan.height) == shown
        assert plan.encoding is None and not plan.losses
        assert plan_lines(plan, overwrite=False)[0] == f"{source}: 64x48"


def test_plan_conversion_rejects_what_a_conversion_does(film, tmp_path):
    config = ConversionConfig()
    with pytest.raises(VideoError, match="no such file"):
        plan_conversion(tmp_path / "none.mp4", tmp_path / "made.mp4", config)
    with pytest.raises(ValueError, match="must not be the input"):
        plan_conversion(film, film, config)
    late = dataclasses.replace(config, start=9.0)
    with pytest.raises(VideoError, match=r"lasts 3\.0 s, and the part begins at 9 s"):
        plan_conversion(film, tmp_path / "made.mp4", late)
