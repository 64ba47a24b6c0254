import cv2
import numpy as np
import pytest

from deep3d import baselines


def texture(height=40, width=120, seed=0):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)), (0, 0), 2.0)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.mark.parametrize("disparity", [-4.0, 2.5])
def test_best_shift_finds_the_shift(disparity):
    lefts = texture(), texture(seed=1)
    pairs = [(left, baselines.global_shift(left, disparity)) for left in lefts]
    assert baselines.best_shift(pairs, -8, 7) == disparity


def test_global_shift_sign():
    left = texture()
    np.testing.assert_array_equal(baselines.global_shift(left, 3)[:, :100], left[:, 3:103])


def test_best_ramp_finds_the_ramp():
    left = texture()
    right = baselines.vertical_ramp(left, -4.0, 6.0)
    assert baselines.best_ramp([(left, right)], -8, 7) == (-4.0, 6.0)


def test_oracle_beats_every_shift():
    left = texture(60, 160)
    rows = np.where(np.arange(60) < 30, 5.0, -4.0).astype(np.float32)[:, np.newaxis]
    right = baselines.warp(left, np.broadcast_to(rows, (60, 160)))
    error = np.abs(baselines.oracle(left, right, -8, 7).astype(float) - right).mean()
    shift = baselines.best_shift([(left, right)], -8, 7)
    shifted = np.abs(baselines.global_shift(left, shift).astype(float) - right).mean()
    assert error < 0.4 * shifted
