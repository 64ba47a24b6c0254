"""Budget, measures and placement of parallax; all in % of the width."""

import dataclasses
import itertools

import numpy as np
import pytest

from deep3d.comfort import FrameParallax, ParallaxBudget, Placer, measure_parallax
from deep3d.comfort.placer import DRIFT, JUMP, LOOKAHEAD, SUBJECT_BACK, SUBJECT_FRONT

BUDGET = ParallaxBudget(1.0, 2.0)
RATE = 24


def frame(low, subject, high, left_edge=None, right_edge=None):
    edges = [low if edge is None else edge for edge in (left_edge, right_edge)]
    return FrameParallax(low, (low + high) / 2, subject, high, *edges)


def place(shots, **options):
    """Placements of shots of frames, shot by shot, 24 frames a second."""
    placer, placed, number = Placer(BUDGET, **options), [], 0
    for shot in shots:
        for k, parallax in enumerate(shot):
            placed += placer.push(parallax, number / RATE, k == 0)
            number += 1
    placed += placer.finish()
    assert len(placed) == number
    return [[placed.pop(0) for _ in shot] for shot in shots]


def test_compress_preset():
    """Up to 60 % of the budget nothing changes; twice the budget comes near its end."""
    parallax = np.array([-1.2, -0.3, 0.0, 0.6, 1.0, -4.0])
    expected = [-1.2, -0.3, 0.0, 0.6, 0.6 + 0.4 / 2**0.5, -1.2 - 0.8 * 3.5 / 13.25**0.5]
    np.testing.assert_allclose(BUDGET.compress(parallax), expected, atol=1e-12)


def test_compress_rises_everywhere_and_stays_within():
    parallax = np.linspace(-30, 30, 20001)
    shown = BUDGET.compress(parallax)
    slope = np.diff(shown) / np.diff(parallax)
    assert (slope > 0).all() and (slope <= 1 + 1e-9).all()
    assert np.abs(np.diff(slope)).max() < 0.02  # no corner
    assert shown.min() > -2 and shown.max() < 1
    assert BUDGET.compress(parallax.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("limits", [(0, 2), (1, -2), (1, 11), (float("nan"), 2)])
def test_budget_rejects_what_is_none(limits):
    with pytest.raises(ValueError, match="budget must be above 0"):
        ParallaxBudget(*limits)


def test_measure_parallax_preset():
    """A thing at 1 in the middle, a wall at -1, a post at 0.5 along the left edge."""
    parallax = np.full((40, 100), -1.0)
    parallax[10:, 35:70] = 1.0
    parallax[5:, :3] = 0.5
    measured = measure_parallax(parallax)
    assert (measured.low, measured.subject, measured.high) == (-1.0, 1.0, 1.0)
    assert (measured.median, measured.left_edge, measured.right_edge) == (-1.0, 0.5, -1.0)


def test_measure_parallax_passes_over_what_is_unknown():
    parallax = np.full((40, 100), np.nan)
    parallax[:, 20:60] = 0.5
    measured = measure_parallax(parallax)
    assert measured.median == measured.subject == 0.5
    assert np.isnan(measured.left_edge) and np.isnan(measured.right_edge)


def test_placer_puts_the_subject_to_the_screen():
    shots = place([[frame(-1.0, 0.4, 0.9)] * 30])
    assert {p.gain for p in shots[0]} == {1.0}
    np.testing.assert_allclose([p.apply(0.4) for p in shots[0]], 0, atol=1e-9)


def test_placer_gives_way_to_near_things():
    """Something 1.2 before the subject pushes it back, so that the budget need not compress it."""
    placement = place([[frame(-0.5, 0.0, 1.2)] * 3])[0][0]
    assert placement.gain == 1.0
    assert placement.apply(1.2) == pytest.approx(0.6)


@pytest.mark.parametrize(
    "parallax", [(-6, 1, 2), (-1, 0, 7), (-4, -1, 3), (2, 2.5, 9), (-9, -8.5, -8), (-3, 3, 3)]
)
def test_placer_fits_any_depth_into_the_budget(parallax):
    placement = place([[frame(*parallax)] * 3])[0][0]
    assert placement.apply(parallax[2]) <= 1 + 1e-9
    assert placement.apply(parallax[0]) >= -2 - 1e-9
    assert -SUBJECT_BACK - 1e-9 <= placement.apply(parallax[1]) <= SUBJECT_FRONT + 1e-9
    assert 0 < placement.gain <= 1


def test_placer_keeps_strength_and_a_given_convergence():
    shots = place([[frame(-3, 0, 3)] * 4, [frame(0, 1, 2)] * 4], gain=1.5, shift=-0.2)
    assert {(p.gain, p.shift) for shot in shots for p in shot} == {(1.5, -0.2)}


def random_shots(seed, count=12):
    """Shots of 1 to 90 frames whose depth wanders."""
    rng = np.random.default_rng(seed)
    shots = []
    for length in rng.integers(1, 90, count):
        walk = np.cumsum(rng.normal(0, 0.08, (length, 3)), axis=0) + rng.normal(0, 1.5, 3)
        shots.append([frame(*np.sort(row), *rng.normal(0, 1, 2)) for row in walk])
    return shots


def test_placer_drifts_slowly():
    """Subject and edges wander in a depth from -2 to 2: nothing goes faster than DRIFT."""
    rng, fastest = np.random.default_rng(1), 0.0
    for length in (5, 40, 150):
        subjects = 1.9 * np.sin(np.cumsum(rng.normal(0, 0.1, length)))
        shot = [frame(-2, s, 2, *rng.normal(0, 1, 2)) for s in subjects]
        placed = place([[frame(-1, 0, 1)], shot])[1]
        for before, after in itertools.pairwise(placed):
            windows = (
                after.left_window - before.left_window,
                after.right_window - before.right_window,
            )
            depths = (after.apply(d) - before.apply(d) for d in (-2, 0, 2))
            changes = np.abs([*windows, *depths])
            assert changes.max() <= DRIFT / RATE + 1e-9
            fastest = max(fastest, changes[2:].max())
    assert fastest == pytest.approx(DRIFT / RATE)  # it had something to do


def test_placer_drift_limit_preset():
    """The subject comes 1 nearer at once and for good: everything follows at 0.15 a second."""
    shot = [frame(-1, 0, 0.5)] * 60 + [frame(0, 1, 1.5)] * 240
    placed = place([shot])[0]
    shifts = np.array([p.shift for p in placed])
    steps = np.abs(np.diff(shifts))
    assert steps.max() == pytest.approx(DRIFT / RATE)
    assert shifts[0] == 0 and shifts[-1] == pytest.approx(-1, abs=0.01)
    assert np.count_nonzero(steps) == pytest.approx(RATE / DRIFT, abs=2)


@pytest.mark.parametrize("seed", range(3))
def test_placer_does_not_leap_at_cuts(seed):
    """Still shots: the subject's parallax changes by at most JUMP from one to the next."""
    rng, shots = np.random.default_rng(seed), []
    for _ in range(20):
        shots.append([frame(*np.sort(rng.normal(0, 2, 3)))] * int(rng.integers(1, 20)))
    placed = place(shots)
    jumps, wanted = [], []
    pairs = zip(itertools.pairwise(placed), itertools.pairwise(shots), strict=True)
    for (before, after), (was, now) in pairs:
        jumps.append(abs(after[0].apply(now[0].subject) - before[-1].apply(was[0].subject)))
        alone = [place([shot])[0][0].apply(shot[0].subject) for shot in (was, now)]
        wanted.append(abs(alone[1] - alone[0]))
    assert max(jumps) <= JUMP + 1e-9
    assert max(wanted) > 2 * JUMP  # it had something to do


def test_placer_never_looks_into_the_next_shot():
    """Whatever follows a cut, the frames before it are placed the same."""
    shots = random_shots(5, 4)
    others = [*shots[:2], *random_shots(6, 3)]
    assert place(shots)[:2] == place(others)[:2]


def test_placer_takes_over_the_resting_depth_only():
    """Two pasts that end with the subject at one depth give one future."""
    wide = [frame(-1.5, 0.0, 0.5, 0.4, 0.4)] * 40
    flat = [frame(2.9, 3.0, 3.1, -1.0, -1.0)] * 15
    after = random_shots(7, 2)
    one, other = (place([past, *after])[1:] for past in (wide, flat))
    for a, b in zip(itertools.chain(*one), itertools.chain(*other), strict=True):
        np.testing.assert_allclose(dataclasses.astuple(a), dataclasses.astuple(b), atol=1e-9)


def test_placer_looks_at_half_a_second_before_the_first_frame():
    """The first frame is a black one; it is placed as the frames after it."""
    black, scene = frame(0, 0, 0), frame(-1, 0.8, 1)
    placer = Placer(BUDGET)
    assert placer.push(black, 0.0, True) == []
    for number in range(1, LOOKAHEAD):
        assert placer.push(scene, number / RATE, False) == []
    (first,) = placer.push(scene, LOOKAHEAD / RATE, False)
    assert first.apply(0.8) == pytest.approx(0)


def test_placer_windows_reach_what_is_cut_off():
    placement = place([[frame(-1, 0, 0.4, left_edge=0.4, right_edge=-0.7)] * 3])[0][0]
    assert placement.left_window == pytest.approx(0.4)
    assert placement.right_window == 0.0
