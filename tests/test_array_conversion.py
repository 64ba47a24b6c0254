import keras
import numpy as np
import pytest
from test_conversion import CONFIG, picture
from video_samples import write_video

import deep3d
from deep3d.checkpoint import save_model
from deep3d.inference import Predictor
from deep3d.model import build_deep3d
from deep3d.video import VideoReader


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    return Predictor(build_deep3d(CONFIG), CONFIG)


def test_convert_array_is_what_a_picture_file_becomes(tmp_path, predictor):
    from PIL import Image

    Image.fromarray(picture()).save(tmp_path / "a.png")
    options = {"model": predictor, "format": "full_sbs", "convergence": 0.5}
    made = deep3d.convert(picture(), **options)
    assert made.shape == (48, 160, 3) and made.dtype == np.uint8
    np.testing.assert_array_equal(made[:, :80], picture())
    result = deep3d.convert(tmp_path / "a.png", tmp_path / "b.png", **options)
    np.testing.assert_array_equal(np.array(Image.open(result.output)), made)


def test_convert_iterator_is_what_a_film_becomes(tmp_path, predictor):
    images = [picture(number // 7) for number in range(20)]
    film = write_video(tmp_path / "film.mkv", range(0, 800, 40), images=images)
    with VideoReader(film) as reader:
        images = [frame.image for frame in reader]
    taken = []
    made = deep3d.convert(
        (taken.append(n) or image for n, image in enumerate(images)),
        model=predictor,
        frame_rate=25,
        format="half_tab",
    )
    first = next(made)
    assert len(taken) < 20  # it does not wait for the end of the film
    frames = [first, *made]
    result = deep3d.convert(film, model=predictor, format="half_tab", lossless=True)
    with VideoReader(result.output) as reader:
        for frame, image in zip(reader, frames, strict=True):
            np.testing.assert_array_equal(frame.image, image)


def test_convert_loads_a_model_by_its_path(tmp_path, predictor):
    path = tmp_path / "tiny.h5"
    save_model(path, predictor._model, CONFIG)
    made = deep3d.convert(picture(), model=path)
    np.testing.assert_allclose(made, deep3d.convert(picture(), model=predictor), atol=1)


def test_convert_nothing_gives_nothing(predictor):
    assert list(deep3d.convert([], model=predictor)) == []


def test_convert_rejects_bad_usage(predictor):
    with pytest.raises(ValueError, match="no output file"):
        deep3d.convert(picture(), "x.png", model=predictor)
    with pytest.raises(ValueError, match="uint8"):
        deep3d.convert(picture() / 255.0, model=predictor)
    with pytest.raises(ValueError, match="size of the first"):
        list(deep3d.convert([picture(), picture()[:40]], model=predictor))
    with pytest.raises(ValueError, match="at least 16x16"):
        deep3d.convert(picture()[:10], model=predictor)
    with pytest.raises(ValueError, match="format must be"):
        deep3d.convert(picture(), model=predictor, format="3d")
