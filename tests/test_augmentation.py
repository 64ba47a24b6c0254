import numpy as np
import pytest
import tensorflow as tf

from data_pipeline.augmentation import LUMA, change_colors, extend_rows, mirror
from data_pipeline.dataset_config import DatasetConfig


def test_extend_rows_matches_reference():
    pair = tf.constant(np.random.default_rng(0).random((2, 7, 5, 3)))
    for height in (7, 8, 11, 30):
        above = (height - 7) // 2
        expected = np.pad(
            pair, ((0, 0), (above, height - 7 - above), (0, 0), (0, 0)), mode="reflect"
        )
        np.testing.assert_array_equal(extend_rows(pair, height), expected)


def test_mirror_preset():
    views = tf.constant(np.arange(2 * 1 * 3 * 3).reshape(2, 1, 3, 3))
    np.testing.assert_array_equal(mirror(views), views.numpy()[:, :, ::-1])


def test_change_colors_is_one_function_of_the_pixel():
    rng = np.random.default_rng(1)
    left = rng.random((5, 7, 3), np.float32)
    # The right view holds the same pixels in another order, and other pixels beside them.
    right = np.concatenate([left[::-1, ::-1], rng.random((5, 4, 3), np.float32)], axis=1)
    left = np.pad(left, ((0, 0), (0, 4), (0, 0)))
    arguments = dict(brightness=0.05, contrast=1.3, saturation=0.6, gamma=1.2)
    changed = change_colors(
        tf.stack([left, right]), cast=tf.constant([1.1, 0.9, 1.0]), **arguments
    ).numpy()
    np.testing.assert_allclose(changed[0][:, :7], changed[1][::-1, :7][:, ::-1], atol=1e-6)
    assert np.abs(changed[0] - left).max() > 0.05


def test_change_colors_matches_reference():
    pair = np.random.default_rng(2).random((2, 5, 7, 3), np.float32)
    pair[0, 0, 0] = 0.0
    cast = np.array([1.05, 0.9, 1.1], np.float32)
    plain = (pair**1.3 * cast - 0.5) * 1.2 + 0.5 - 0.07
    gray = plain @ np.array(LUMA, np.float32)
    expected = np.clip(gray[..., None] + (plain - gray[..., None]) * 0.7, 0, 1)
    changed = change_colors(tf.constant(pair), -0.07, 1.2, 0.7, 1.3, tf.constant(cast))
    np.testing.assert_allclose(changed, expected, atol=1e-5)


def test_change_colors_of_a_batch_is_that_of_each_pair():
    rng = np.random.default_rng(4)
    pairs = rng.integers(0, 256, (3, 2, 5, 7, 3)).astype(np.float32) / 255
    change = DatasetConfig().color_change(rng.random((3, 7), np.float32))
    together = tf.function(change_colors, jit_compile=True)(tf.constant(pairs), **change)
    for k, pair in enumerate(pairs):
        alone = change_colors(pair, **{name: value[k] for name, value in change.items()})
        np.testing.assert_allclose(together[k], alone, atol=1e-5)
    assert np.abs(together - pairs).max(axis=(1, 2, 3, 4)).min() > 0.02


@pytest.mark.parametrize("gamma", [0.6, 0.8, 1.3, 2.0, 3.0])
def test_change_colors_gamma_of_every_value(gamma):
    values = np.arange(256, dtype=np.float32) / 255
    views = np.broadcast_to(values[:, None], (1, 1, 256, 3))
    changed = change_colors(tf.constant(views), gamma=gamma)
    np.testing.assert_allclose(changed, views**gamma, atol=1e-5)
    assert changed[0, 0, 0, 0] == 0


def test_change_colors_preset():
    pair = tf.fill((2, 1, 1, 3), 0.25)
    unchanged = change_colors(pair)
    np.testing.assert_allclose(unchanged, pair, atol=1e-6)
    # (0.25**0.5 - 0.5) * 2 + 0.5 + 0.1 = 0.6; gray, so saturation changes nothing.
    changed = change_colors(pair, 0.1, contrast=2.0, saturation=0.0, gamma=0.5)
    np.testing.assert_allclose(changed, np.full((2, 1, 1, 3), 0.6), atol=1e-6)


def test_augmentation_eager_and_inside_a_dataset():
    pair = np.random.default_rng(3).random((2, 5, 7, 3), np.float32)

    def augment(pair):
        return change_colors(mirror(extend_rows(pair, 9)), 0.1, 1.1, 0.9, 1.2)

    (inside,) = tf.data.Dataset.from_tensors(pair).map(augment)
    np.testing.assert_allclose(inside, augment(tf.constant(pair)), atol=1e-6)
