import cv2
import numpy as np
import pytest

from deep3d import bands
from deep3d.baselines import fill_from_farther, measured_disparity


def textured(seed, height, width):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.2), None, 20, 235, cv2.NORM_MINMAX)


def plate_before_a_wall(far=-4, near=6, height=60, width=160):
    """Both views and the right one's disparity: a plate, columns 60..99 of the right view."""
    wall, plate = textured(0, height, width + 40), textured(1, height, 40)
    left, right = (wall[:, 20 + d : 20 + d + width].copy() for d in (0, far))
    left[:, 60 + near : 100 + near] = plate
    right[:, 60:100] = plate
    disparity = np.full((height, width), far, np.float32)
    disparity[:, 60:100] = near
    return left, right, disparity


def test_hidden_in_left_preset():
    """The plate covers columns 66..105 of the left view: wall that the right eye sees at
    100..109 lies at 96..105 there."""
    _, _, disparity = plate_before_a_wall()
    hidden = bands.hidden_in_left(disparity)
    assert np.flatnonzero(hidden[7]).tolist() == list(range(100, 110))
    assert (hidden == hidden[7]).all()


def test_hidden_in_left_matches_reference():
    """Every pixel against all others of its row."""
    rng = np.random.default_rng(4)
    disparity = np.repeat(rng.integers(-5, 6, (12, 20)), 4, axis=1).astype(np.float32)
    disparity[rng.random(disparity.shape) < 0.1] = np.nan
    expected = np.zeros(disparity.shape, bool)
    for row, line in enumerate(disparity):
        for x, d in enumerate(line):
            inside = 0 <= x + d <= len(line) - 1
            expected[row, x] = inside and any(
                other + e == x + d and e > d + 1 for other, e in enumerate(line)
            )
    assert 20 < expected.sum() < 400
    np.testing.assert_array_equal(bands.hidden_in_left(disparity), expected)


def test_hidden_in_left_behind_a_slanted_thing_has_no_gaps():
    """A plate whose pixels lie 1.5 columns apart in the left view, the last at 79 + 15.5."""
    disparity = np.full((2, 160), -4, np.float32)
    disparity[:, 60:80] = 6 + 0.5 * np.arange(20)
    hidden = bands.hidden_in_left(disparity)
    assert np.flatnonzero(hidden[1]).tolist() == list(range(80, 100))


def test_hidden_in_left_of_slanted_things_is_nothing():
    """Disparity that falls by less than a pixel a column hides nothing, whatever the fraction."""
    slope = np.linspace(6, -6, 40, dtype=np.float32) + 0.3
    assert not bands.hidden_in_left(np.tile(slope, (3, 1))).any()


def test_disocclusion_band_of_a_truth_preset():
    band = bands.disocclusion_band(plate_before_a_wall()[2])
    assert np.flatnonzero(band[30]).tolist() == list(range(97, 113))


def test_disocclusion_band_of_matching_resembles_that_of_the_truth():
    left, right, disparity = plate_before_a_wall()
    measured = measured_disparity(left, right, -8, 8)
    unmatched = np.isnan(measured)
    band = bands.disocclusion_band(fill_from_farther(measured), unmatched) > 0
    truth = bands.disocclusion_band(disparity) > 0
    assert (band & truth).sum() / (band | truth).sum() > 0.7
    # more is refused by the two-way check than is disoccluded
    assert unmatched[:, :50].any()
    assert not band[:, 20:90].any()


def test_disocclusion_band_of_matching_passes_over_single_pixels():
    disparity = plate_before_a_wall()[2]
    disparity[10, 20], disparity[10, 30] = 5, -5  # both lie at column 25 of the left view
    assert bands.disocclusion_band(disparity)[10, 30]
    band = bands.disocclusion_band(disparity, np.ones(disparity.shape, bool))
    assert np.flatnonzero(band[10]).tolist() == list(range(97, 113))


def test_border_band_preset():
    band = bands.border_band(3, 200)
    assert np.flatnonzero(band[1]).tolist() == [*range(5), *range(195, 200)]


def test_band_error_preset():
    difference = np.zeros((4, 6, 3), np.uint8)
    difference[1, 2] = (3, 6, 9)
    difference[3, 5] = 200
    band = np.zeros((4, 6), np.uint8)
    assert bands.band_error(difference, band) is None
    band[1, 2:4] = 255
    assert bands.band_error(difference, band) == pytest.approx(3.0)
