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


def test_best_shift_and_ramp_reads_pairs_once():
    pairs = [(texture(), baselines.global_shift(texture(), 3))] * 2
    shift, _ = baselines.best_shift_and_ramp(iter(pairs), -8, 7)
    assert shift == baselines.best_shift(pairs, -8, 7) == 3
    with pytest.raises(ValueError, match="at least one pair"):
        baselines.best_shift_and_ramp([], -8, 7)


def test_global_shift_sign():
    left = texture()
    np.testing.assert_array_equal(baselines.global_shift(left, 3)[:, :100], left[:, 3:103])


@pytest.mark.parametrize("ends", [(-8, 7), (-2.75, 3.2)])
def test_row_errors_match_reference(ends):
    left, right = texture(), texture(seed=1)
    table = baselines.row_errors(left, right, *ends)
    shifts = [n / 2 for n in range(-40, 41) if ends[0] <= n / 2 <= ends[1]]
    expected = [
        np.abs(baselines.global_shift(left, s).astype(float) - right).mean(axis=(1, 2))
        for s in shifts
    ]
    np.testing.assert_allclose(table, expected, atol=0.01)  # OpenCV rounds half levels


def test_best_ramp_finds_the_ramp():
    left = texture()
    right = baselines.vertical_ramp(left, -4.0, 6.0)
    assert baselines.best_shift_and_ramp([(left, right)], -8, 7)[1] == (-4.0, 6.0)


def test_best_ramp_matches_reference():
    """Against every ramp rendered, on two pairs that no ramp explains."""
    pairs = [
        (texture(seed=n), baselines.global_shift(texture(seed=n), d)) for n, d in ((0, 3), (1, -2))
    ]
    for number, (_, right) in enumerate(pairs):
        right[20:] = np.roll(right[20:], 2 + number, axis=1)

    def error(top, bottom):
        views = [(baselines.vertical_ramp(left, top, bottom), right) for left, right in pairs]
        return np.mean([np.abs(view.astype(float) - right).mean() for view, right in views])

    ends = range(-4, 4)
    best = min(error(top, bottom) for top in ends for bottom in ends)
    # the table is interpolated between half pixels, so a neighbor of equal worth may win
    assert error(*baselines.best_shift_and_ramp(pairs, -4, 3)[1]) == pytest.approx(best, rel=0.01)


def test_oracle_beats_every_shift():
    left = texture(60, 160)
    rows = np.where(np.arange(60) < 30, 5.0, -4.0).astype(np.float32)[:, np.newaxis]
    right = baselines.warp(left, np.broadcast_to(rows, (60, 160)))
    measured = baselines.measured_disparity(left, right, -8, 7)
    assert np.nanmedian(measured[:25]) == pytest.approx(5.0, abs=0.2)
    assert np.nanmedian(measured[35:]) == pytest.approx(-4.0, abs=0.2)
    error = np.abs(baselines.oracle(left, measured).astype(float) - right).mean()
    shift = baselines.best_shift([(left, right)], -8, 7)
    shifted = np.abs(baselines.global_shift(left, shift).astype(float) - right).mean()
    assert error < 0.4 * shifted
