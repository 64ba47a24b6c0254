import io
from fractions import Fraction

import cv2
import keras
import numpy as np
import pytest
from PIL import Image
from test_high_dynamic_range import write_hdr
from video_samples import smooth_image, write_video

from deep3d import preview_pictures
from deep3d.config import ModelConfig
from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor
from deep3d.model import build_deep3d
from deep3d.output_files import previews_of
from deep3d.preview import describe_preview, preview
from deep3d.preview_pictures import LINE, WIGGLES, Moment, contact_sheet, wiggle
from deep3d.video import VideoError, VideoReader, anaglyph
from deep3d.video.high_dynamic_range import TRANSFER_PQ, to_standard_range

CONFIG = ModelConfig(levels=DisparityLevels(minimum=-2, count=4, width=64), height=32, width=64)
SECOND = Fraction(1)


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    return Predictor(build_deep3d(CONFIG), CONFIG)


def files_in(folder):
    return previews_of([folder / "film.mp4"], [folder / "film.3D.HSBS_LR.mp4"])[0]


def moment(seed=0, time_s=1.0, width=80):
    random = np.random.default_rng(seed)
    left, right = random.integers(0, 256, (2, 48, width, 3), np.uint8)
    return Moment(time_s, left, left, right, np.linspace(-3, 2, 96).reshape(8, 12))


@pytest.mark.parametrize(("late", "begin", "end"), [(0, 0, 12), (100, 3, 9)])
def test_preview_shows_moments_of_the_whole_part(tmp_path, predictor, late, begin, end):
    film = write_video(tmp_path / "film.mkv", range(late, late + 12), SECOND)
    config = ConversionConfig(start=begin or None, end=None if end == 12 else end)
    result = preview(film, files_in(tmp_path), predictor, config)
    each = (end - begin) / 6
    assert [result.sheet.name, result.wiggle.name] == [
        "film.3D.preview.png",
        "film.3D.preview.gif",
    ]
    assert len(result.times_s) >= 5  # a stretch of 1 s may have no frame of its own
    for number, time_s in enumerate(result.times_s):
        assert begin + (number + 0.5) * each <= time_s + 1e-6 < end
    assert Image.open(result.sheet).height == LINE + len(result.times_s) * (LINE + 48)
    lines, facts = describe_preview(film, result)
    assert lines == [facts["sheet"], facts["wiggle"]]


def test_preview_passes_over_black_moments(tmp_path, predictor):
    images = [smooth_image(number) for number in range(60)]
    for number in range(4, 6):  # what lies in the middle of the first of six parts
        images[number] = np.zeros_like(images[0])
    film = write_video(tmp_path / "film.mp4", range(60), SECOND / 10, images=images)
    first = preview(film, files_in(tmp_path), predictor, ConversionConfig()).times_s[0]
    assert first == pytest.approx(0.3)


def test_preview_of_a_damaged_film_shows_the_rest(tmp_path, predictor):
    film = write_video(tmp_path / "film.mkv", range(0, 12000, 40))
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    times_s = preview(film, files_in(tmp_path), predictor, ConversionConfig()).times_s
    assert 2 <= len(times_s) < 6
    film.write_bytes(b"no film")
    with pytest.raises(VideoError, match="not a readable video"):
        preview(film, files_in(tmp_path), predictor, ConversionConfig(), overwrite=True)


def test_preview_of_a_picture(tmp_path, predictor):
    source = tmp_path / "film.png"
    cv2.imwrite(str(source), smooth_image()[..., ::-1])
    result = preview(source, files_in(tmp_path), predictor, ConversionConfig("rgbd"))
    assert result.times_s == ()
    sheet = np.asarray(Image.open(result.sheet))
    np.testing.assert_array_equal(sheet[-48:, :64], smooth_image())


def test_preview_renders_as_asked(tmp_path, predictor):
    film = write_video(tmp_path / "film.mp4")
    sheets = []
    for options in ({}, {"strength": 8.0}, {"eyes": "both"}, {"renderer": "select"}):
        config = ConversionConfig(**options)
        result = preview(film, files_in(tmp_path), predictor, config, overwrite=True)
        sheets.append(result.sheet.read_bytes())
    assert len(set(sheets)) == 4


def test_preview_has_square_pixels(tmp_path, predictor):
    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(2)

    film = write_video(tmp_path / "film.mp4", set_up=set_up)
    result = preview(film, files_in(tmp_path), predictor, ConversionConfig())
    assert Image.open(result.wiggle).size == (128, 48)


def test_preview_keeps_existing_files(tmp_path, predictor):
    film = write_video(tmp_path / "film.mp4")
    files = files_in(tmp_path)
    files[1].write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"preview\.gif exists already; --overwrite replaces it"):
        preview(film, files, predictor, ConversionConfig())
    assert not files[0].exists() and files[1].read_bytes() == b"mine"
    preview(film, files, predictor, ConversionConfig(), overwrite=True)
    assert files[1].read_bytes()[:4] == b"GIF8"


def test_contact_sheet_preset():
    one = moment()
    sheet = np.asarray(Image.open(io.BytesIO(contact_sheet([one], "x", (-2, 1), "anaglyph_gray"))))
    assert sheet.shape[0] == 2 * LINE + 48 and sheet.shape[1] > 3 * 80
    left, parallax, mixed = np.split(sheet[2 * LINE :, : 3 * 80], 3, axis=1)
    np.testing.assert_array_equal(left, one.picture)
    np.testing.assert_array_equal(mixed, anaglyph(one.left, one.right, "anaglyph_gray"))
    assert parallax[0, 0].tolist() == [0, 0, 0] and parallax[-1, -1].tolist() == [255, 255, 255]


def test_wiggle_shows_both_views_in_turn():
    moments = [moment(0, 1.0), moment(1, 2.0)]
    picture = Image.open(io.BytesIO(wiggle(moments)))
    assert picture.n_frames == 2 * 2 * WIGGLES and picture.info["loop"] == 0
    for number, one in enumerate(moments):
        for side, view in enumerate((one.left, one.right)):
            picture.seek(2 * WIGGLES * number + side)
            shown = np.asarray(picture.convert("RGB"))[: 48 - LINE].astype(int)
            other = (one.right, one.left)[side][: 48 - LINE]
            near = np.abs(shown - view[: 48 - LINE]).mean()
            assert near < 20 < np.abs(shown - other).mean()


def test_wiggle_is_bounded(monkeypatch):
    one = moment(width=480)
    whole = wiggle([one])
    assert Image.open(io.BytesIO(whole)).width == 480
    monkeypatch.setattr(preview_pictures, "WIGGLE_BYTES", len(whole) - 1)
    smaller = wiggle([one])
    assert Image.open(io.BytesIO(smaller)).width == 400 and len(smaller) < len(whole)


def test_preview_of_hdr_has_standard_range(tmp_path, predictor):
    film = write_hdr(tmp_path / "film.mkv")
    result = preview(film, files_in(tmp_path), predictor, ConversionConfig())
    with VideoReader(film, result.times_s[0]) as reader:
        reader.full_depth = True
        deep = next(iter(reader)).image
    sheet = np.asarray(Image.open(result.sheet))[2 * LINE : 2 * LINE + deep.shape[0]]
    np.testing.assert_array_equal(
        sheet[:, : deep.shape[1]], to_standard_range(deep, TRANSFER_PQ, 9)
    )
