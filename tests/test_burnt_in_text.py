import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from data_pipeline.decisions.burnt_in_text import find_subtitles
from data_pipeline.decisions.text_answers import Strip, stillness
from data_pipeline.decisions.text_lines import TextLine

HEIGHT, WIDTH = 480, 854


def views(seed, step=0, disparity=6):
    """A pair of a soft textured plane, moved on by `step` pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, (40, 80, 3), np.uint8)
    wide = cv2.resize(noise, (WIDTH + 200, HEIGHT), interpolation=cv2.INTER_CUBIC)
    wide = cv2.normalize(wide, None, 20, 200, cv2.NORM_MINMAX)
    starts = 50 + step, 50 + step + disparity
    return tuple(np.ascontiguousarray(wide[:, start : start + WIDTH]) for start in starts)


def with_text(pair, lines, top, size=24, disparity=0, color=(255, 255, 255), outline=2):
    """Both views with lines of text in the middle, in Pillow's own font."""
    font, drawn = ImageFont.load_default(size), []
    for view, shift in zip(pair, (0, -disparity), strict=True):
        image = Image.fromarray(view)
        draw = ImageDraw.Draw(image)
        for number, line in enumerate(lines):
            start = (WIDTH - draw.textlength(line, font=font)) / 2 + shift
            place = (start, top + 1.2 * size * number)
            draw.text(place, line, color, font, stroke_width=outline, stroke_fill=(0, 0, 0))
        drawn.append(np.asarray(image))
    return tuple(drawn)


LINES = ["We should have left before the rain,", "and nobody knew where he had gone."]


@pytest.mark.parametrize("color", [(255, 255, 255), (240, 225, 60)])
@pytest.mark.parametrize("disparity", [0, -7, 12])
def test_find_subtitles_preset(color, disparity):
    pairs = [
        with_text(views(3, 9 * k), LINES, 400, disparity=disparity, color=color) for k in range(3)
    ]
    for band in find_subtitles(pairs):
        assert band.lines == 2
        assert 375 <= band.top <= 406 and 450 <= band.bottom <= 480
        # The box holds the words of both eyes.
        assert band.left < WIDTH / 2 - 180 + min(0, -disparity)
        assert band.right > WIDTH / 2 + 180 + max(0, -disparity)


def test_find_subtitles_of_a_single_pair():
    (band,) = find_subtitles([with_text(views(3), LINES, 400)])
    assert band is not None


def test_find_subtitles_above_and_on_a_black_bar():
    for top in (24, 442):
        pairs = [[view.copy() for view in views(5, 9 * k)] for k in range(2)]
        for view in (view for pair in pairs for view in pair):
            view[:60] = view[-60:] = 0
        pairs = [with_text(pair, LINES[:1], top, 22, outline=0) for pair in pairs]
        assert all(band.top < top + 10 and band.bottom > top + 14 for band in find_subtitles(pairs))


def test_find_subtitles_in_one_sample_only():
    pairs = [views(4, 12 * k) for k in range(4)]
    pairs[2] = with_text(pairs[2], LINES[:1], 430)
    assert [band is not None for band in find_subtitles(pairs)] == [False, False, True, False]


def test_find_subtitles_scales_with_the_views():
    small = with_text(views(3), LINES, 400)
    large = tuple(cv2.resize(view, None, fx=2.25, fy=2.25) for view in small)
    (one,), (other,) = find_subtitles([small]), find_subtitles([large])
    assert other.top / 2.25 == pytest.approx(one.top, abs=6)
    assert other.right / 2.25 == pytest.approx(one.right, abs=8)


def test_find_subtitles_not_in_plain_pictures():
    for seed in range(6):
        assert find_subtitles([views(seed, 10 * k) for k in range(2)]) == [None, None]


def test_find_subtitles_not_in_a_single_letter():
    # A bright spot that stays, a mark on the lens, is no line of text.
    for letter in "WO":
        pairs = [with_text(views(3, 9 * k), [letter], 410, 40) for k in range(3)]
        assert find_subtitles(pairs) == [None] * 3


def test_stillness_tells_what_stays_from_what_is_alike():
    rng = np.random.default_rng(4)
    line, size = TextLine(40, 52, 60, 140), (90, 200)
    own, other = (rng.integers(0, 90, size).astype(np.uint8) for _ in range(2))
    moved = [rng.integers(0, 256, size).astype(np.uint8) for _ in range(2)]
    strips = [
        Strip(np.zeros((*size, 3), np.uint8), (gray, gray), (relief, relief), 0, 480)
        for gray, relief in zip((moved[0], *2 * moved[1:]), (own, own, other), strict=True)
    ]
    stays, repeats = (stillness(line, strips[0], [one]) for one in strips[1:])
    assert stays["moving"] == repeats["moving"] > 0.9
    assert stays["still_in_moving"] > 0.9 and repeats["still_in_moving"] < 0.5


def test_find_subtitles_not_in_a_fence():
    pairs = []
    for k in range(3):
        pair = [view.copy() for view in views(6, 10 * k)]
        for view, shift in zip(pair, (0, -6), strict=True):
            for column in range(-10 * k + shift, WIDTH, 14):
                cv2.line(view, (column, 380), (column, 440), (235, 235, 235), 3)
        pairs.append(tuple(pair))
    assert find_subtitles(pairs) == [None] * 3


def test_find_subtitles_not_in_signs_of_the_scene():
    pairs = []
    for k in range(3):
        pair = [view.copy() for view in views(7, 12 * k)]
        for view, shift in zip(pair, (0, -6), strict=True):
            start = 600 - 12 * k + shift
            cv2.rectangle(view, (start, 280), (start + 150, 330), (40, 60, 150), -1)
            cv2.putText(view, "BAKERY", (start + 8, 316), 0, 1.1, (230, 230, 220), 2, cv2.LINE_AA)
        pairs.append(tuple(pair))
    assert find_subtitles(pairs) == [None] * 3


def test_find_subtitles_rejects_sizes():
    with pytest.raises(ValueError, match="must have one size"):
        find_subtitles([(np.zeros((90, 160, 3), np.uint8), np.zeros((90, 150, 3), np.uint8))])
