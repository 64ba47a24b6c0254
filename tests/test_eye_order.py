import dataclasses
import functools

import cv2
import numpy as np
import pytest

from data_pipeline.decisions import eye_order
from data_pipeline.decisions.eye_order import (
    EyeOrderCues,
    decide_eye_order,
    measure_eye_order,
    measure_with_left_first,
)
from data_pipeline.decisions.half_occlusions import half_occlusion_votes
from data_pipeline.scenes.render import render_stereo
from data_pipeline.scenes.shot_design import random_scene
from deep3d.image_file import read_image
from deep3d.stereo_matching import match_both_views
from tests.stereo_films import textured_pair

HEIGHT, WIDTH = 120, 288
RIGHT_ORDER = EyeOrderCues(color=0.6, contour=0.3, vertical=0.4, structure=0.5)


def matched(left, right):
    return left, right, *match_both_views(left, right, -24, 24)


def log_odds(*cues):
    return sum(decide_eye_order(cues).cues.values())


def square_before_wall(far, near, seed=0):
    """A square of another color before a wall, both with some texture, as each eye sees it."""
    views = [view // 4 for view in textured_pair(seed, far, HEIGHT, WIDTH)]
    squares = textured_pair(seed + 1, near, HEIGHT, WIDTH)
    for k, (view, square) in enumerate(zip(views, squares, strict=True)):
        first = 110 - near * k
        tinted = square // 4 + np.uint8([150, 60, 40])
        view[30:90, first : first + 70] = tinted[30:90, first : first + 70]
    return views


@functools.cache
def rendered(seed, kind="street"):
    rng = np.random.default_rng([seed, 77])
    scene = random_scene(rng, kind, 1.0, 2.0)
    frame = render_stereo(scene, scene.path.start, 288, 144)
    return frame.left, frame.right


@pytest.mark.parametrize(("far", "near"), [(-6, 2), (3, 9), (-9, -4)])
def test_half_occlusion_votes_preset(far, near):
    left, right = square_before_wall(far, near)
    for vote in half_occlusion_votes(*matched(left, right)[:3]):
        assert vote > 0.2
    for vote in half_occlusion_votes(*matched(right, left)[:3]):
        assert vote < -0.2


def test_half_occlusion_votes_of_either_eyes_strips():
    # Each side of the square has its strip in one view alone.
    left, right, disparity, _ = matched(*square_before_wall(-6, 2))
    for columns in (slice(0, 145), slice(145, WIDTH)):
        one_side = np.full_like(disparity, np.nan)
        one_side[:, columns] = disparity[:, columns]
        color, contour = half_occlusion_votes(left, right, one_side)
        assert color > 0.2 and contour > 0.2


def test_half_occlusion_votes_wide_strips_count_for_more():
    # Twice below it, narrow strips say the contrary.
    left, right, on_left, _ = matched(*square_before_wall(-6, 6))
    narrow = matched(*square_before_wall(0, 2))
    below = narrow[1], narrow[0], -narrow[3]
    parts = zip((left, right, on_left), below, below, strict=True)
    assert min(half_occlusion_votes(*map(np.concatenate, parts))) > 0.25


def test_half_occlusion_votes_nothing_to_see():
    assert np.isnan(half_occlusion_votes(*matched(*textured_pair(3, 4, HEIGHT, WIDTH))[:3])).all()


def test_half_occlusion_votes_leaves_out_even_ground():
    # Matching gives an even sky the disparity of whatever is beside it, or any other.
    left, right = (view.copy() for view in square_before_wall(-6, 2))
    square = np.zeros((HEIGHT, WIDTH), bool)
    square[30:90, 110:180] = True
    left[~square] = 180
    right[~np.roll(square, -2, axis=1)] = 180
    disparity = np.where(square, np.float32(2), np.float32(9))
    assert np.isnan(half_occlusion_votes(left, right, disparity)).all()


@pytest.mark.parametrize("seed", [4, *(pytest.param(s, marks=pytest.mark.slow) for s in (5, 6))])
def test_measure_eye_order_mirrored(seed):
    left, right, on_left, on_right = matched(*rendered(seed))
    normal = measure_eye_order(left, right, on_left, on_right)
    mirrored = measure_eye_order(right, left, -on_right, -on_left)
    for name, value in dataclasses.asdict(normal).items():
        assert getattr(mirrored, name) == pytest.approx(-value, abs=1e-6)
    assert log_odds(normal) < -2
    # Matched anew, the exchanged pair has that disparity.
    assert measure_eye_order(*matched(right, left)) == mirrored


def test_measure_eye_order_zero_parallax_does_not_matter():
    left, right = rendered(4)
    moved = np.ascontiguousarray(left[:, 8:]), np.ascontiguousarray(right[:, :-8])
    here, there = (measure_eye_order(*matched(*pair)) for pair in ((left, right), moved))
    assert log_odds(there) == pytest.approx(log_odds(here), abs=1.0)


def test_measure_eye_order_structure_is_free_of_the_vertical(monkeypatch):
    slope = np.repeat(np.linspace(-3, 3, HEIGHT, dtype=np.float32)[:, None], WIDTH, 1)
    across = np.repeat(np.linspace(-1, 1, WIDTH, dtype=np.float32)[None], HEIGHT, 0)
    monkeypatch.setattr(eye_order, "_expected_disparity", lambda view: slope + across)
    left, right = textured_pair(7, 0, HEIGHT, WIDTH)
    cues = measure_with_left_first(left, right, slope - across)
    assert cues.vertical > 0.7 and cues.structure < -0.95


@pytest.mark.parametrize(("seen", "vertical"), [(1.0, 1.0), (0.0, 0.0), (-1.0, 0.0)])
def test_measure_eye_order_vertical_is_what_the_network_sees_too(monkeypatch, seen, vertical):
    slope = np.repeat(np.linspace(-3, 3, HEIGHT, dtype=np.float32)[:, None], WIDTH, 1)
    across = np.repeat(np.linspace(-1, 1, WIDTH, dtype=np.float32)[None], HEIGHT, 0)
    monkeypatch.setattr(eye_order, "_expected_disparity", lambda view: seen * slope + 0.1 * across)
    left, right = textured_pair(7, 0, HEIGHT, WIDTH)
    for sign in (1, -1):
        cues = measure_with_left_first(left, right, sign * slope)
        assert cues.vertical == pytest.approx(sign * vertical, abs=0.05)


@pytest.mark.parametrize("what", ["unmatched", "flat", "even ground"])
def test_measure_eye_order_says_nothing(what):
    left, right = textured_pair(7, 0, HEIGHT, WIDTH)
    disparity = np.full((HEIGHT, WIDTH), np.nan, np.float32)
    if what == "flat":
        disparity = np.random.default_rng(0).uniform(3, 3.4, disparity.shape).astype(np.float32)
    if what == "even ground":
        left = right = np.full_like(left, 90)
        disparity = np.random.default_rng(0).uniform(-5, 5, disparity.shape).astype(np.float32)
    cues = measure_with_left_first(left, right, disparity)
    order = decide_eye_order([cues])
    assert order.swapped is None and order.probability == 0.5


def test_measure_eye_order_rejects_sizes():
    left, right = textured_pair(7, 0, HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="must have one size"):
        measure_with_left_first(left, right, np.zeros((HEIGHT, WIDTH - 1), np.float32))


def test_decide_eye_order_mirrors():
    swapped = EyeOrderCues(-0.6, -0.3, -0.4, -0.5)
    normal, mirrored = decide_eye_order([RIGHT_ORDER]), decide_eye_order([swapped])
    assert (normal.swapped, mirrored.swapped) == (False, True)
    assert normal.probability == pytest.approx(1 - mirrored.probability, abs=1e-9)
    assert decide_eye_order([RIGHT_ORDER, swapped]).probability == pytest.approx(0.5)


def test_decide_eye_order_samples_are_no_independent_witnesses():
    once, often = decide_eye_order([RIGHT_ORDER]), decide_eye_order([RIGHT_ORDER] * 5)
    assert often == once
    with_blank = decide_eye_order([RIGHT_ORDER, EyeOrderCues()])
    assert with_blank.cues == pytest.approx(once.cues)


@pytest.mark.parametrize("name", ["color", "contour", "vertical", "structure"])
def test_decide_eye_order_no_cue_alone_is_believed_further(name):
    values = dict.fromkeys(("color", "contour"), 0.0) if name in ("color", "contour") else {}
    order = decide_eye_order([EyeOrderCues(**{**values, name: -9.0})])
    physical = name in ("color", "contour")
    assert order.probability == pytest.approx(0.98 if physical else 0.86)


def test_decide_eye_order_network_needs_that_nothing_speaks_against_it():
    alone = EyeOrderCues(color=0.0, contour=0.0, structure=-9.0)
    assert decide_eye_order([alone]).swapped is True
    assert decide_eye_order([dataclasses.replace(alone, color=0.05)]).swapped is None


@pytest.mark.parametrize(
    ("vertical", "swapped", "probability"),
    # A weak second cue adds nothing, a clear one a third, and one that objects all it has.
    [(-0.06, None, 0.84), (-9.0, True, 0.9), (0.1, None, 0.73)],
)
def test_decide_eye_order_cues_of_the_network_are_one_witness(vertical, swapped, probability):
    cues = EyeOrderCues(color=0.05, contour=0.0, vertical=vertical, structure=-9.0)
    order = decide_eye_order([cues])
    assert order.swapped is swapped
    assert order.probability == pytest.approx(probability, abs=0.01)


def test_decide_eye_order_prior():
    weak = EyeOrderCues(vertical=-0.1)
    assert decide_eye_order([weak]).swapped is None
    assert decide_eye_order([weak], prior=0.8).swapped is True
    assert decide_eye_order([], prior=0.03).swapped is False
    for prior in (0.0, 1.0):
        with pytest.raises(ValueError, match="prior must be"):
            decide_eye_order([weak], prior=prior)


@pytest.mark.parametrize("name", ["geese", "ganesh", "middlebury_cones", "red_flower"])
def test_measure_eye_order_real_pairs(shared_folder, name):
    left, right = (
        read_image(next((shared_folder / "stereo" / name).glob(f"{side}.*")))
        for side in ("left", "right")
    )
    size = WIDTH, round(left.shape[0] * WIDTH / left.shape[1])
    left, right = (cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (left, right))
    for pair, swapped in (((left, right), False), ((right, left), True)):
        both = match_both_views(*pair, -32, 32)
        assert decide_eye_order([measure_eye_order(*pair, *both)]).swapped is swapped
