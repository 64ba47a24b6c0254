import numpy as np
import pytest

from deep3d import depth_scores


def scene(seed=0, height=40, width=50):
    """Smooth disparities of -7..7 px, a fifth of them unknown."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    truth = (7 * np.sin(rows / 9 + 1) * np.cos(columns / 13)).astype(np.float32)
    known = truth.copy()
    known[rng.random(truth.shape) < 0.2] = np.nan
    return truth, known


def test_point_pairs_are_known_apart_and_in_order():
    _, known = scene()
    nearer, farther = depth_scores.point_pairs(known)
    values = known.ravel()
    assert nearer.size == 20_000
    assert (values[nearer] - values[farther] > 1.0).all()  # False where NaN
    again, other = depth_scores.point_pairs(known)[0], depth_scores.point_pairs(known, seed=1)[0]
    np.testing.assert_array_equal(nearer, again)
    assert not np.array_equal(nearer, other)


@pytest.mark.parametrize("known", [np.full((9, 9), np.nan), np.zeros((9, 9))])
def test_point_pairs_of_a_scene_without_depth(known):
    nearer, farther = depth_scores.point_pairs(known.astype(np.float32))
    assert nearer.size == farther.size == 0
    assert depth_scores.ordinal_error(known, nearer, farther) is None


def test_ordinal_error_preset():
    prediction = np.array([[3.0, 2.0, 1.0, 1.0]])
    nearer, farther = np.array([0, 1, 2, 2, 3]), np.array([1, 0, 3, 0, 1])
    # right, wrong, tie, wrong, wrong
    assert depth_scores.ordinal_error(prediction, nearer, farther) == pytest.approx(3.5 / 5)


def test_ordinal_error_of_truth_inverse_constant_and_ramp():
    truth, known = scene()
    pairs = depth_scores.point_pairs(known)
    rows = np.broadcast_to(np.linspace(0, 1, 40, dtype=np.float32)[:, np.newaxis], (40, 50))
    ramp = depth_scores.ordinal_error(rows, *pairs)
    assert depth_scores.ordinal_error(0.1 * truth + 5, *pairs) == 0.0
    assert depth_scores.ordinal_error(-truth, *pairs) == 1.0
    assert depth_scores.ordinal_error(np.zeros_like(truth), *pairs) == 0.5
    assert ramp + depth_scores.ordinal_error(-rows, *pairs) == pytest.approx(1.0)


def test_fit_affine_ignores_outliers():
    truth, known = scene()
    prediction = (truth - 3.0) / 2.5
    wrong = np.random.default_rng(1).random(truth.shape) < 0.25
    known[wrong] = 7.0  # a quarter of the matches is wrong, all to one side
    gain, offset = depth_scores.fit_affine(prediction, known)
    assert gain == pytest.approx(2.5, abs=0.05)
    assert offset == pytest.approx(3.0, abs=0.1)


def test_fit_affine_matches_reference():
    """Against a grid search of the sum of absolute errors."""
    truth, known = scene()
    prediction = truth + np.random.default_rng(2).normal(size=truth.shape) * 4
    fitted = np.nanmean(np.abs(depth_scores.best_affine_disparity(prediction, known) - known))
    grid = [
        np.nanmean(np.abs(gain * prediction - known - np.nanmedian(gain * prediction - known)))
        for gain in np.linspace(0, 2, 401)
    ]
    assert fitted == pytest.approx(min(grid), rel=2e-3)


def test_fit_affine_never_turns_near_into_far():
    truth, known = scene()
    gain, offset = depth_scores.fit_affine(-truth, known)
    assert gain == 0.0
    assert offset == pytest.approx(np.nanmedian(known))
    assert depth_scores.fit_affine(np.ones_like(truth), known)[0] == 0.0
    assert depth_scores.fit_affine(truth, np.full_like(truth, np.nan)) == (1.0, 0.0)


def test_end_point_error_preset():
    prediction = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)
    reference = np.array([[1.5, np.nan, 1.0], [4.0, np.nan, 9.5]], np.float32)
    assert depth_scores.end_point_error(prediction, reference) == pytest.approx(6.0 / 4)
    assert depth_scores.end_point_error(prediction, np.full((2, 3), np.nan)) is None


def test_comfort_scores_preset():
    """3 % of the pixels at +3 px, 3 % at -1 px of 200 columns: +1.5 % and -0.5 %."""
    disparity = np.zeros((10, 200), np.float32)
    disparity[:, :6], disparity[:, -6:] = 3.0, -1.0
    scores = depth_scores.comfort_scores(disparity)
    assert scores == {"parallax_low": -0.5, "parallax_high": 1.5, "over_budget": 1.0}
    # turned round, 1.5 % behind the screen and 0.5 % in front of it are within the budget
    assert depth_scores.comfort_scores(-disparity)["over_budget"] == 0.0
    assert depth_scores.comfort_scores(-1.5 * disparity)["over_budget"] == 1.0


def test_comfort_scores_of_the_unknown():
    disparity = np.full((10, 20), np.nan, np.float32)
    assert set(depth_scores.comfort_scores(disparity).values()) == {None}
