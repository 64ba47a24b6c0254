import dataclasses
import math

import cv2
import numpy as np
import pytest

from data_pipeline.decisions import misalignment
from data_pipeline.decisions.eye_correction import correct_misalignment
from data_pipeline.decisions.eye_points import EyePoints, refine
from data_pipeline.decisions.misalignment import (
    NOT_MEASURED,
    AlignmentLimits,
    Misalignment,
    measure_misalignment,
)

LIMITS = AlignmentLimits()


def picture(seed, height=300, width=420):
    """Spots of all sizes, at no period."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width, 3), np.float32)
    for size in (1.5, 4.0, 12.0):
        noise = cv2.GaussianBlur(rng.normal(size=(height, width, 3)), (0, 0), size)
        image += (noise / noise.std()).astype(np.float32)
    return np.clip(128 + 35 * image, 0, 255).astype(np.uint8)


def misaligned_pair(seed=0, offset=0.0, degrees=0.0, zoom=1.0, height=240, width=320):
    """The far half and the near half of a scene; the right view turned clockwise and lowered."""
    margin = 40
    wide = picture(seed, height + 2 * margin, width + 2 * margin)
    left = wide[margin:-margin, margin:-margin]
    right = wide.copy()
    right[:, : width // 2] = np.roll(wide, -4, axis=1)[:, : width // 2]
    right[:, width // 2 :] = np.roll(wide, 7, axis=1)[:, width // 2 :]
    middle = ((wide.shape[1] - 1) / 2, (wide.shape[0] - 1) / 2)
    matrix = cv2.getRotationMatrix2D(middle, -degrees, zoom)
    matrix[1, 2] += offset
    right = cv2.warpAffine(right, matrix, wide.shape[1::-1], flags=cv2.INTER_LANCZOS4)
    return left.copy(), right[margin:-margin, margin:-margin].copy()


@pytest.mark.parametrize("offset", [0.0, 1.0, -2.5, 4.25])
def test_measure_misalignment_finds_offset(offset):
    found = measure_misalignment([misaligned_pair(offset=offset)])
    # The issue asks for 0.3 px; clean pictures give a tenth of it.
    assert found.vertical_offset * 240 / 100 == pytest.approx(offset, abs=0.05)
    assert found.rotation_deg == pytest.approx(0, abs=0.02)
    assert found.zoom == pytest.approx(1, abs=0.001)
    assert found.points > 100
    assert found.residual < 0.05


@pytest.mark.parametrize("offset", [-5, -2, 2, 4])
def test_measure_misalignment_of_soft_pictures(offset):
    """Edges wider than a window, in grain: what the small picture said must not remain."""
    rng = np.random.default_rng(offset + 9)
    scene = cv2.GaussianBlur(rng.normal(size=(620, 1040, 3)), (0, 0), 14.0)
    scene = 128 + 45 * scene / scene.std()
    views = (
        np.clip(view[40:-40, 40:-40] + rng.normal(0, 1.5, (540, 960, 3)), 0, 255).astype(np.uint8)
        for view in (scene, np.roll(scene, (offset, -6), axis=(0, 1)))
    )
    found = measure_misalignment([tuple(views)])
    # With the plain gradients of such windows it is 0.3 off, towards multiples of 3.
    assert found.vertical_offset * 540 / 100 == pytest.approx(offset, abs=0.15)


def test_points_of_a_few_words_tell_no_zoom():
    """They agree to less than refining can tell, and lie in a few rows, so that ends go wild."""
    rng = np.random.default_rng(1)
    right = np.column_stack((rng.uniform(-60, 60, 40), rng.uniform(-3, 3, 40)))
    left = right * (1, 1.0025) + rng.normal(0, 0.001, right.shape)
    for spread_out, zoom in ((1, 1.0), (10, 1 / 1.0025)):
        points = EyePoints(left * (1, spread_out), right * (1, spread_out), np.ones(40))
        found = misalignment._described(misalignment._staged([points], 100, (0.4, 0.1)))
        assert found.zoom == pytest.approx(zoom, abs=1e-4)


def test_points_count_by_how_well_they_tell_their_height():
    rng = np.random.default_rng(0)
    sharp = picture(0, 540, 960)[..., 0].astype(float)
    sharp[:, 480:] = 128 + 0.2 * (sharp[:, 480:] - 128)  # faint beside the same grain
    left, right = (
        np.clip(sharp + rng.normal(0, 5, sharp.shape), 0, 255).astype(np.uint8) for _ in range(2)
    )
    x, y = (
        grid.ravel() for grid in np.meshgrid(np.arange(-420, 421, 60), np.arange(-200, 201, 40))
    )
    places = np.column_stack((x, y)).astype(float)
    points, _ = refine(left, right, EyePoints(places, places, np.ones(len(x))), 8)
    moved = points.left[:, 1] - points.right[:, 1]
    faint = x > 20
    assert np.median(points.weight[~faint]) > 2 * np.median(points.weight[faint])
    weighted = np.average(moved, weights=points.weight)
    assert abs(weighted) < 0.03 and np.std(moved[faint]) > 2 * np.std(moved[x < -20])


def test_measure_misalignment_takes_more_points_where_it_is_not_sure(monkeypatch):
    pair = misaligned_pair(offset=1.0)
    few = measure_misalignment([pair])
    monkeypatch.setattr(misalignment, "_SURE", 0.0)
    many = measure_misalignment([pair])
    assert many.points > 1.5 * few.points
    assert many.vertical_offset == pytest.approx(few.vertical_offset, abs=0.02)


def test_measure_misalignment_finds_rotation_and_zoom_and_not_disparity():
    pairs = [misaligned_pair(seed, -2.0, 0.8, 1.015) for seed in range(3)]
    found = measure_misalignment(pairs)
    assert found.vertical_offset * 240 / 100 == pytest.approx(-2.0, abs=0.1)
    assert found.rotation_deg == pytest.approx(0.8, abs=0.03)
    assert found.zoom == pytest.approx(1.015, abs=0.001)


def test_measure_misalignment_with_other_colors_and_lines():
    left, right = misaligned_pair(offset=3.0, height=720, width=960)
    right = np.clip(255 * (right / 255.0) ** 1.2 * 0.8 + 10, 0, 255).astype(np.uint8)
    found = measure_misalignment([(left, right)])
    assert found.vertical_offset * 720 / 100 == pytest.approx(3.0, abs=0.1)


def test_measure_misalignment_of_horizontal_lines():
    """Lines without corners tell the height, though not the parallax."""
    heights = np.random.default_rng(0).normal(size=340)
    column = 128 + 50 * cv2.GaussianBlur(heights.reshape(-1, 1), (1, 0), 0, sigmaY=2.0) / 0.4
    lines = np.clip(np.repeat(column.reshape(-1, 1, 1), 320, axis=1), 0, 255)
    lines = np.repeat(lines, 3, axis=2).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 4, (2, 240, 320, 3), np.uint8)
    left, right = lines[50:290] // 2 + noise[0], lines[47:287] // 2 + noise[1]
    found = measure_misalignment([(left, right)])
    assert found.vertical_offset * 240 / 100 == pytest.approx(3.0, abs=0.1)


def test_measure_misalignment_says_nothing_where_nothing_tells_the_height():
    flat = np.full((240, 320, 3), 90, np.uint8)
    columns = np.broadcast_to(picture(0, 1, 320), (240, 320, 3)).copy()
    for view in (flat, columns):
        assert measure_misalignment([(view, view)]) == NOT_MEASURED
    assert measure_misalignment([]) == NOT_MEASURED
    assert not NOT_MEASURED.is_refused(LIMITS)
    assert not NOT_MEASURED.is_corrected(LIMITS)


def test_measure_misalignment_rejects_other_sizes():
    left, right = misaligned_pair()
    with pytest.raises(ValueError, match="one size"):
        measure_misalignment([(left, right[1:])])


def test_keystone_is_residual_and_refused():
    left, right = misaligned_pair()
    height, width = right.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[0, -4], [0, 4], [0, -4], [0, 4]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    right = cv2.warpPerspective(right, matrix, (width, height))
    found = measure_misalignment([(left, right)])
    assert found.is_refused(LIMITS)
    assert found.residual > LIMITS.residual_below


@pytest.mark.parametrize(
    "change",
    [
        {"offset": 3.0},
        {"degrees": 0.9},
        {"zoom": 1.02},
        {"offset": -2, "degrees": -0.7, "zoom": 0.985},
    ],
)
def test_correct_misalignment_leaves_none(change):
    left, right = misaligned_pair(**change)
    found = measure_misalignment([(left, right)])
    assert found.is_corrected(LIMITS, 4 / 3)
    corrected = correct_misalignment(left, right, found)
    assert corrected[0].shape == corrected[1].shape
    assert min(view.min(axis=2).max(axis=1).min() for view in corrected) > 20  # no black rows
    after = measure_misalignment([corrected])
    assert not after.is_corrected(LIMITS, 4 / 3)


def test_correct_misalignment_halves_an_offset_exactly():
    """Two pixels, one for each eye: whole pixels need no interpolation."""
    left, right = misaligned_pair(offset=2.0)
    one, other = correct_misalignment(left, right, Misalignment(100 * 2 / 240, points=100))
    rows, columns = (240 - one.shape[0]) // 2, (320 - one.shape[1]) // 2
    here = np.s_[columns : 320 - columns]
    np.testing.assert_array_equal(one, left[rows - 1 : 240 - rows - 1, here])
    np.testing.assert_array_equal(other, right[rows + 1 : 240 - rows + 1, here])


@pytest.mark.parametrize("size", [(300, 225), (200, 150)])
def test_correct_misalignment_shrinks_at_once(size):
    left, right = misaligned_pair(offset=4.0, degrees=0.5, height=300, width=400)
    found = measure_misalignment([(left, right)])
    at_once = correct_misalignment(left, right, found, size)
    shrunk = [cv2.resize(v, size, interpolation=cv2.INTER_AREA) for v in (left, right)]
    for one, other in zip(at_once, correct_misalignment(*shrunk, found), strict=True):
        assert one.shape == other.shape
        difference = np.abs(one.astype(float) - other)
        moved = np.abs(one[:, 1:].astype(float) - other[:, :-1])
        assert difference.mean() < 0.5 * moved.mean()
    assert not measure_misalignment([at_once]).is_corrected(LIMITS, 4 / 3)


def test_correct_misalignment_leaves_what_was_not_measured():
    left, right = misaligned_pair()
    assert correct_misalignment(left, right, NOT_MEASURED)[0] is left


def test_largest_error_preset():
    assert Misalignment(-0.4, points=9).largest_error() == pytest.approx(0.4)
    turned = Misalignment(0.0, 1.0, points=9)
    assert turned.largest_error(2.0) == pytest.approx(100 * math.tan(math.radians(1)))
    assert Misalignment(zoom=1.02, points=9).largest_error() == pytest.approx(1.0)
    too_far = dataclasses.replace(turned, vertical_offset=2.0, residual=0.01)
    assert too_far.is_refused(LIMITS)
    assert not dataclasses.replace(too_far, vertical_offset=0.5).is_refused(LIMITS)


def test_measure_misalignment_of_real_pairs(shared_folder):
    """Pairs that are known to be rectified, lowered by 5 px."""
    for name in ("middlebury_cones", "middlebury_piano", "ganesh"):
        left, right = (
            cv2.imread(str(shared_folder / "stereo" / name / f"{eye}{suffix}"))
            for eye, suffix in (("left", _suffix(name)), ("right", _suffix(name)))
        )
        straight = measure_misalignment([(left[5:], right[5:])])
        lowered = measure_misalignment([(left[5:], right[:-5])])
        height = len(left) - 5
        assert straight.largest_error(left.shape[1] / height) < 0.25
        difference = (lowered.vertical_offset - straight.vertical_offset) * height / 100
        assert difference == pytest.approx(5, abs=0.15)


def _suffix(name):
    return ".png" if name.startswith("middlebury") else ".jpg"
