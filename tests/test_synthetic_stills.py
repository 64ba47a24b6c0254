import numpy as np

from data_pipeline.scenes.drawings import drawn, shared_drawings
from data_pipeline.scenes.synthetic_stills import VIEWS, WIDTH, synthetic_examples
from data_pipeline.scenes.textures import bricks


def test_synthetic_examples_depend_on_the_seed_alone():
    (*_, later), (first, *_) = synthetic_examples(3, 2), synthetic_examples(4, 1)
    # Scene 4 is the second of the first call.
    second = list(synthetic_examples(3, 2))[VIEWS]
    np.testing.assert_array_equal(first.left, second.left)
    np.testing.assert_array_equal(first.disparity, second.disparity)
    assert first.group == later.group == "synthetic4" and first.name != later.name


def test_synthetic_examples_are_complete():
    for example in synthetic_examples(11, 2):
        assert example.left.shape[1] == WIDTH
        assert np.isfinite(example.disparity).all() and example.disparity.std() > 0.1
        assert example.weight.min() == 1.0


def pixels(texture):
    return texture.reduced(0, 0)[0]


def test_drawn_is_shared_within_a_series_alone():
    def several(series):
        rng = np.random.default_rng(0)
        with shared_drawings(series):
            return [drawn(rng, bricks, 64, 96, 0.01) for _ in range(30)]

    first, again, other = several(1), several(1), several(2)
    assert all(one is two for one, two in zip(first, again, strict=True))
    assert 1 < len({id(texture) for texture in first}) <= 8
    assert not any(np.array_equal(pixels(a), pixels(b)) for a in first for b in other)


def test_drawn_without_a_series_is_the_drawing():
    texture = drawn(np.random.default_rng(5), bricks, 50, 70, 0.01)
    expected = bricks(np.random.default_rng(5), 50, 70, 0.01)
    np.testing.assert_array_equal(pixels(texture)[2:-2, 2:-2, :3], expected)


def test_drawn_in_a_series_has_about_the_size():
    with shared_drawings(0):
        texture = drawn(np.random.default_rng(0), bricks, 51, 130, 0.011)
    assert (texture.height, texture.width) == (48, 128)
