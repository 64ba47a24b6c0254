"""What is decided about a shot, and what becomes of its pairs."""

import dataclasses

import numpy as np
import pytest
from stereo_films import two_planes
from test_burnt_in_text import LINES, with_text
from test_burnt_in_text import views as plain_views
from test_eye_order import rendered
from test_misalignment import misaligned_pair

from data_pipeline.decisions.film_facts import FilmFacts, eye_order_cues
from data_pipeline.decisions.misalignment import NOT_MEASURED, measure_misalignment
from data_pipeline.movie_options import MovieOptions
from data_pipeline.movies import shot_decision
from data_pipeline.movies.shot_decision import decide_shot, judge
from deep3d.composition import apply_composition
from deep3d.stereo_matching import match_stereo
from deep3d.video import BlackBars

FILM = FilmFacts("full_sbs", 1.0, {}, BlackBars(), BlackBars(), 0.5)
AUTO = MovieOptions(layout="full_sbs")
LEFT_FIRST = MovieOptions(layout="full_sbs", eyes="left_first")


def scenes():
    """Pairs whose eyes can be told."""
    return [rendered(seed) for seed in (4, 5)]


def exchanged(pairs):
    return [(right, left) for left, right in pairs]


def composed(pair, decision):
    return apply_composition(*decision.treated(pair, AUTO.working_width), decision.composition)


def planes(count=3):
    return [two_planes(3, -3, 2, step=k) for k in range(count)]


def test_decide_shot_puts_swapped_eyes_right():
    normal, told = decide_shot(scenes(), FILM, AUTO)
    swapped, told_swapped = decide_shot(exchanged(scenes()), FILM, AUTO)
    assert (normal.eye_order.swapped, swapped.eye_order.swapped) == (False, True)
    assert normal.refused == swapped.refused == "" and swapped.swapped
    assert normal.eye_order.probability < 0.05 and swapped.eye_order.probability > 0.95
    assert swapped.composition == normal.composition
    for one, other in zip(told, told_swapped, strict=True):
        # Measured on the other eye, which sees other things beside the edges.
        assert other.measured.percentile_5 == pytest.approx(one.measured.percentile_5, abs=0.3)
        assert other.measured.percentile_95 == pytest.approx(one.measured.percentile_95, abs=0.3)
        assert one.reason == other.reason
    for pair in scenes():
        np.testing.assert_array_equal(composed(pair[::-1], swapped), composed(pair, normal))


def test_seen_shows_the_left_eye_first():
    _, told = decide_shot(exchanged(scenes()), FILM, AUTO)
    for one, (left, right) in zip(told, scenes(), strict=True):
        for view, original in zip(one.measured.views, (left, right), strict=True):
            assert np.abs(view.astype(int) - original).mean() < 1
        again = match_stereo(*one.measured.views, -24, 24)
        assert np.nanmedian(one.measured.disparity) == pytest.approx(np.nanmedian(again), abs=1.0)


@pytest.mark.parametrize(
    ("eyes", "pairs", "swapped"),
    [("left_first", exchanged, False), ("right_first", list, True)],
)
def test_decide_shot_believes_the_user_about_eyes(eyes, pairs, swapped):
    options = MovieOptions(layout="full_sbs", eyes=eyes)
    decision, _ = decide_shot(pairs(scenes()), FILM, options)
    assert decision.swapped is swapped and decision.eye_order.probability == float(swapped)
    # What the user says is wrong here: what is near seems far.
    right_way, _ = decide_shot(scenes(), FILM, AUTO)
    assert decision.composition.shift == pytest.approx(
        -right_way.composition.shift - 1, abs=2
    )  # about the middle of the levels, -0.5


def test_decide_shot_refuses_eyes_that_cannot_be_told():
    # Two planes of the same noise: nothing tells a hole in the wall from a thing before it.
    decision, told = decide_shot(planes(2), FILM, AUTO)
    assert decision.eye_order.swapped is None
    assert decision.refused == "eyes_unsure" and decision.composition is None
    assert [one.reason for one in told] == ["eyes_unsure"] * 2
    # The rest of the film decides where the shot does not.
    probable = dataclasses.replace(FILM, swapped_prior=0.02)
    assert decide_shot(planes(2), probable, AUTO)[0].refused == ""


@pytest.mark.parametrize(("prior", "asked"), [(0.001, 1), (0.5, 4), (0.999, 2)])
def test_decide_shot_asks_further_moments_where_there_is_doubt(monkeypatch, prior, asked):
    measured = []

    def noted(pair):
        measured.append(pair)
        return eye_order_cues(pair)

    monkeypatch.setattr(shot_decision, "eye_order_cues", noted)
    # Of noise, so that hardly more is known than what the rest of the film says.
    pairs = planes(4) if prior == 0.5 else scenes()
    decide_shot(pairs, dataclasses.replace(FILM, swapped_prior=prior), AUTO)
    assert len(measured) == asked


def test_decide_shot_corrects_misaligned_eyes():
    pairs = [misaligned_pair(seed, offset=3.0, degrees=0.4) for seed in range(3)]
    options = dataclasses.replace(LEFT_FIRST, width=320, minimum_width=256)
    decision, told = decide_shot(pairs, FILM, options)
    assert decision.is_corrected and not decision.refused
    assert decision.misalignment.vertical_offset * 240 / 100 == pytest.approx(3.0, abs=0.1)
    assert {one.reason for one in told} == {""}
    views = [composed(pair, decision) for pair in pairs]
    left = measure_misalignment(views)
    height, width = views[0][0].shape[:2]
    assert left.points > 20 and left.largest_error(width / height) < 0.1  # percent of the height
    as_stored = measure_misalignment(
        [apply_composition(*pair, decision.composition) for pair in pairs]
    )
    assert as_stored.largest_error(width / height) > 1


def test_decide_shot_leaves_aligned_eyes_alone():
    pairs = [misaligned_pair(seed) for seed in range(3)]
    decision, _ = decide_shot(pairs, FILM, LEFT_FIRST)
    assert decision.misalignment != NOT_MEASURED and not decision.is_corrected
    np.testing.assert_array_equal(decision.treated(pairs[0], 864), pairs[0])


def test_decide_shot_refuses_what_is_too_misaligned():
    pairs = [misaligned_pair(seed, offset=8.0) for seed in range(3)]  # 3.3 % of 240
    decision, told = decide_shot(pairs, FILM, LEFT_FIRST)
    assert decision.refused == "misaligned" and decision.composition is None
    assert {one.reason for one in told} == {"misaligned"}
    assert judge(pairs[0], decision, LEFT_FIRST).reason == "misaligned"


def test_decide_shot_refuses_eyes_of_other_colors():
    def tinted(pair):
        left, right = pair
        return left, np.clip(right + np.array([36, 0, -36]), 0, 255).astype(np.uint8)

    decision, told = decide_shot([tinted(pair) for pair in planes()], FILM, LEFT_FIRST)
    assert decision.refused == "color_mismatch"
    assert decision.color.largest == pytest.approx(36, abs=4)
    assert {one.reason for one in told} == {"color_mismatch"}
    fine, _ = decide_shot(planes(), FILM, LEFT_FIRST)
    assert fine.refused == "" and fine.color.largest < 3


def with_depth(number):
    """A plane behind the screen with a nearer one before it, 480 lines high."""
    left, right = (view.copy() for view in plain_views(3, 9 * number, -7))
    front_left, front_right = plain_views(53, 9 * number, 5)
    left[120:330, 300:560] = front_left[120:330, 300:560]
    right[120:330, 295:555] = front_right[120:330, 295:555]
    return left, right


def test_decide_shot_refuses_samples_with_subtitles_only():
    pairs = [with_depth(k) for k in range(4)]
    pairs[1] = with_text(pairs[1], LINES, 400)
    decision, told = decide_shot(pairs, FILM, LEFT_FIRST)
    assert [one.reason for one in told] == ["", "subtitles", "", ""]
    assert decision.refused == "" and told[1].subtitles.lines == 2
    assert judge(with_depth(5), decision, LEFT_FIRST).reason == ""
    assert judge(with_text(with_depth(5), LINES, 400), decision, LEFT_FIRST).reason == "subtitles"


def test_decide_shot_waits_where_all_samples_have_subtitles():
    decision, told = decide_shot([with_text(with_depth(0), LINES, 400)], FILM, LEFT_FIRST)
    assert [one.reason for one in told] == ["subtitles"]
    assert not decision.settled  # so the next samples are decided about anew
    again, told = decide_shot([with_depth(1)], FILM, LEFT_FIRST)
    assert again.settled and [one.reason for one in told] == [""]


def test_judge_refuses_more_parallax_than_the_shot_was_composed_for():
    decision, _ = decide_shot(planes(), FILM, LEFT_FIRST)
    assert judge(two_planes(3, -3, 2, step=4), decision, LEFT_FIRST).reason == ""
    assert judge(two_planes(3, -3, 8, step=4), decision, LEFT_FIRST).reason == "out_of_levels"
