import numpy as np
import pytest
from keras import ops

from deep3d.pair_changes import LUMA, change_colors, change_pairs, mirrored_pair


def changed(views, **change):
    return ops.convert_to_numpy(change_colors(np.float32(views), **change))


def test_mirrored_pair_of_a_shifted_picture():
    """Disparity keeps its sign in the mirror: right(x) = left(x + d) holds there, too."""
    ramp = np.tile(np.arange(12.0, dtype="float32")[:, None], (1, 3, 1, 3))
    wide = np.broadcast_to(ramp[:, :, :, :], (1, 3, 12, 3))
    left, right = wide[:, :, 2:10], wide[:, :, 4:12]  # right(x) = left(x + 2)
    new_left, new_right = (np.asarray(view) for view in mirrored_pair(left, right))
    np.testing.assert_array_equal(new_right[:, :, :-2], new_left[:, :, 2:])


def test_change_colors_is_one_function_of_the_pixel():
    rng = np.random.default_rng(1)
    left = rng.random((1, 5, 7, 3), np.float32)
    # The right view holds the same pixels in another order, and other pixels beside them.
    right = np.concatenate([left[:, ::-1, ::-1], rng.random((1, 5, 4, 3))], axis=2)
    change = dict(brightness=0.05, contrast=1.3, saturation=0.6, gamma=1.2, cast=[1.1, 0.9, 1.0])
    new_left, new_right = changed(left, **change), changed(right, **change)
    np.testing.assert_allclose(new_left, new_right[:, ::-1, :7][:, :, ::-1], atol=1e-6)
    assert np.abs(new_left - left).max() > 0.05


def test_change_colors_matches_reference():
    """Of each pair of a batch by its own numbers, and of all frames of a pair alike."""
    rng = np.random.default_rng(2)
    views = rng.integers(0, 256, (2, 5, 7, 6)).astype(np.float32) / 255
    views[0, 0, 0] = 0.0
    change = {
        "brightness": np.float32([-0.07, 0.05]),
        "contrast": np.float32([1.2, 0.8]),
        "saturation": np.float32([0.7, 1.3]),
        "gamma": np.float32([1.3, 0.8]),
        "cast": np.float32([[1.05, 0.9, 1.1], [1, 1, 0.95]]),
    }
    result = changed(views, **change)
    for pair in range(2):
        one = {name: values[pair] for name, values in change.items()}
        for frame in (slice(0, 3), slice(3, 6)):
            plain = views[pair, ..., frame] ** one["gamma"] * one["cast"]
            plain = (plain - 0.5) * one["contrast"] + 0.5 + one["brightness"]
            gray = (plain @ np.float32(LUMA))[..., None]
            expected = np.clip(gray + (plain - gray) * one["saturation"], 0, 1)
            np.testing.assert_allclose(result[pair, ..., frame], expected, atol=1e-5)


@pytest.mark.parametrize("gamma", [0.6, 0.8, 1.3, 2.0, 3.0])
def test_change_colors_gamma_of_every_value(gamma):
    values = np.arange(256, dtype=np.float32) / 255
    views = np.broadcast_to(values[:, None], (1, 1, 256, 3))
    result = changed(views, gamma=gamma)
    np.testing.assert_allclose(result, views**gamma, atol=1e-6)
    assert result[0, 0, 0, 0] == 0


def test_change_colors_preset():
    gray = np.full((1, 1, 1, 3), 0.25)
    np.testing.assert_allclose(changed(gray), gray, atol=1e-6)
    # (0.25**0.5 - 0.5) * 2 + 0.5 + 0.1 = 0.6; gray, so saturation changes nothing.
    result = changed(gray, brightness=0.1, contrast=2.0, saturation=0.0, gamma=0.5)
    np.testing.assert_allclose(result, np.full((1, 1, 1, 3), 0.6), atol=1e-6)


def test_change_pairs_mirrors_and_scales():
    left, right = np.random.default_rng(3).integers(0, 256, (2, 2, 4, 6, 3), np.uint8)
    changes = {"mirrored": np.array([True, False]), "brightness": np.float32([0.0, 0.1])}
    new_left, targets = change_pairs(left, {"right": right, "changes": changes})
    assert list(targets) == ["right"]
    for view, new_view in ((left, new_left), (right, targets["right"])):
        new_view = ops.convert_to_numpy(new_view)
        assert new_view.dtype == np.float32
        np.testing.assert_allclose(new_view[0], view[0, :, ::-1] / 255.0, atol=1e-6)
        brighter = np.minimum(view[1] / 255.0 + 0.1, 1.0)
        np.testing.assert_allclose(new_view[1], brighter, atol=1e-6)


@pytest.mark.parametrize("targets", [np.ones((1, 2, 2, 3)), {"right": np.ones((1, 2, 2, 3))}])
def test_change_pairs_passes_ready_batches_through(targets):
    left = np.ones((1, 2, 2, 3))
    assert change_pairs(left, targets) == (left, targets)
