import numpy as np
import pytest

from deep3d.disparity import DisparityLevels
from deep3d.validation_baselines import right_view_baselines

LEVELS = DisparityLevels(minimum=-2, step=0.5, count=9, width=64)


def reference(left, right, weights, shift):
    """The error of one shift, pixel by pixel, mirrored beyond the frame."""
    height, width = left.shape[:2]
    total = 0.0
    for y, x in np.ndindex(height, width):
        value = np.zeros(3)
        for column, share in (
            (int(np.floor(x + shift)), 1 - shift % 1),
            (int(np.floor(x + shift)) + 1, shift % 1),
        ):
            column = abs(column)
            column = 2 * (width - 1) - column if column >= width else column
            value += share * left[y, column]
        total += weights[y, x] * np.abs(value - right[y, x]).mean()
    return 255.0 * total / weights.sum()


def batch(seed, pairs, size, shift):
    """Noise, whose right views are the left ones moved by whole pixels, nearly."""
    rng = np.random.default_rng(seed)
    left = rng.random((pairs, *size, 3), dtype="float32")
    right = np.roll(left, -shift, axis=2) + 0.01 * rng.random(left.shape, dtype="float32")
    weights = rng.random((pairs, *size, 1), dtype="float32")
    return left, np.concatenate([right, weights], axis=-1)


def test_right_view_baselines_matches_reference():
    """Over batches of two sizes, weighted; every pair counts alike."""
    batches = [batch(0, 2, (5, 13), 1), batch(1, 1, (4, 17), 1)]
    found = right_view_baselines(batches, LEVELS)
    pairs = [
        (left, target[..., :3], target[..., 3])
        for lefts, targets in batches
        for left, target in zip(lefts, targets, strict=True)
    ]
    errors = {
        shift: np.mean([reference(*pair, shift) for pair in pairs])
        for shift in np.arange(-2.0, 2.01, 0.5)
    }
    assert found["copy_left"] == pytest.approx(errors[0.0], rel=1e-5)
    assert found["global_shift_px"] == 1.0 == min(errors, key=errors.get)
    assert found["global_shift"] == pytest.approx(errors[1.0], rel=1e-5)


def test_right_view_baselines_unweighted_dict():
    left, target = batch(2, 1, (3, 9), -2)
    found = right_view_baselines([(left, {"right": target[..., :3]})], LEVELS)
    whole = np.ones((3, 9))
    assert found["global_shift_px"] == -2.0
    assert found["copy_left"] == pytest.approx(
        reference(left[0], target[0, ..., :3], whole, 0.0), rel=1e-5
    )


def test_right_view_baselines_copying_is_tried_beyond_the_levels():
    behind = DisparityLevels(minimum=-4, count=3, width=64)  # -4..-2
    left, target = batch(3, 1, (3, 16), 0)
    assert right_view_baselines([(left, target)], behind)["global_shift_px"] == 0.0


@pytest.mark.parametrize("batches", [[], [(np.zeros((1, 2, 4, 3)), {"disparity": 0})]])
def test_right_view_baselines_without_right_views(batches):
    assert right_view_baselines(batches, LEVELS) == {}
