"""Pictures shrunk by halves against the mean of the area of every pixel."""

import cv2
import numpy as np
import pytest
from video_samples import smooth_image

from deep3d.video.shrinking import halve, shrink


def test_halve_takes_means_of_four():
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    means = image.reshape(2, 2, 3, 2, 3).mean(axis=(1, 3))
    assert np.abs(halve(image, 3, 2) - means).max() <= 0.5


@pytest.mark.parametrize(
    ("size", "wanted", "left"),
    [
        ((64, 36), (33, 19), (64, 36)),
        ((64, 36), (32, 10), (32, 18)),
        ((64, 36), (7, 30), (8, 36)),
        ((65, 37), (30, 9), (33, 10)),
    ],
)
def test_halve_leaves_at_least_what_is_wanted(size, wanted, left):
    image = smooth_image(0, *size)
    assert halve(image, *wanted).shape == (*left[::-1], 3)


@pytest.mark.parametrize("size", [(192, 108), (193, 107), (120, 200)])
def test_shrink_matches_the_mean_of_areas(size):
    image = smooth_image(1, *size)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    for one in (image, gray):
        expected = cv2.resize(one, (43, 24), interpolation=cv2.INTER_AREA)
        small = shrink(one, 43, 24)
        assert small.shape == expected.shape and small.dtype == np.uint8
        assert np.abs(small.astype(int) - expected).max() <= 2


def test_shrink_keeps_edges_in_place():
    """Two pixels are left for each wanted: with one, stripes would be off by a fifth of a step."""
    stripes = np.zeros((108, 192), np.uint8)
    stripes[:, np.arange(192) // 7 % 2 == 0] = 255
    expected = cv2.resize(stripes, (43, 24), interpolation=cv2.INTER_AREA)
    assert np.abs(shrink(stripes, 43, 24).astype(int) - expected).max() <= 32


def test_shrink_leaves_what_has_the_size():
    image = smooth_image(2, 30, 20)
    assert shrink(image, 30, 20) is image
