import dataclasses

import numpy as np
import pytest
from depth_examples import box_example

from data_pipeline.packs.pasting import paste


def cutout():
    """A green subject, trusted, before what is not."""
    example = box_example(7, height=60, width=40)
    example.left[10:55, 12:30] = (0, 255, 0)
    weight = np.full((60, 40), 0.3, np.float32)
    weight[10:55, 12:30] = 0.9
    return dataclasses.replace(example, weight=weight)


def gray_background():
    example = box_example(1)
    example.left[:] = 90
    return example


@pytest.mark.parametrize("seed", range(20))
def test_paste_is_nearer_than_what_it_hides(seed):
    background = gray_background()
    pasted = paste(background, cutout(), np.random.default_rng(seed))
    changed = pasted.disparity != background.disparity
    green = pasted.left[..., 1].astype(int) - pasted.left[..., 0] > 120
    assert (green == changed).mean() > 0.98, "picture and disparity must agree"
    if changed.any():
        assert np.unique(pasted.disparity[changed]).size == 1
        margin = pasted.disparity[changed] - background.disparity[changed]
        assert (margin > 0).mean() > 0.97
    np.testing.assert_array_equal(pasted.left[~changed & ~green][:, 0] >= 45, True)


def test_paste_shows_the_subject_alone():
    shown = [
        paste(gray_background(), cutout(), np.random.default_rng(seed)).left for seed in range(8)
    ]
    # Gray, green and mixtures of both, but none of the cut-out's own background.
    for picture in shown:
        red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
        assert np.abs(red - blue).max() <= 12 and (green >= red - 6).all()
    assert sum((picture[..., 1] > 200).any() for picture in shown) >= 6


def test_paste_of_nothing_changes_nothing():
    nothing = dataclasses.replace(cutout(), weight=np.full((60, 40), 0.3, np.float32))
    background = gray_background()
    assert paste(background, nothing, np.random.default_rng(0)) is background
