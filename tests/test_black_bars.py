import numpy as np
import pytest
from stereo_films import title_card, two_planes

from data_pipeline.decisions.black_bars import MARGIN, BlackBars, find_black_bars, find_shot_bars


def picture(rng, top=0, bottom=0, left=0, right=0, height=61, width=87):
    """Bright noise with bars of coding noise."""
    image = rng.integers(60, 200, (height, width, 3)).astype(np.uint8)
    for bar in (np.s_[:top], np.s_[height - bottom :], np.s_[:, :left], np.s_[:, width - right :]):
        image[bar] = rng.integers(0, 8, image[bar].shape)
    return image


def test_find_black_bars_preset():
    rng = np.random.default_rng(0)
    pairs = [(picture(rng, 7, 9), picture(rng, 7, 9)) for _ in range(3)]
    bars = find_black_bars(pairs)
    assert bars == BlackBars(top=7 + MARGIN, bottom=9 + MARGIN, left=0, right=0)
    assert bars.crop(pairs[0][0]).shape == (61 - 16 - 2 * MARGIN, 87, 3)


def test_find_black_bars_takes_what_all_frames_share():
    rng = np.random.default_rng(0)
    pairs = [(picture(rng, top, 9), picture(rng, top, 9)) for top in (20, 5, 30)]
    assert find_black_bars(pairs).top == 5 + MARGIN


def test_find_black_bars_of_one_eye_crop_both():
    rng = np.random.default_rng(0)
    bars = find_black_bars([(picture(rng, left=6), picture(rng, right=4))])
    assert bars == BlackBars(left=6 + MARGIN, right=4 + MARGIN)


def test_find_black_bars_ignores_black_frames_and_finds_none():
    rng = np.random.default_rng(0)
    black = np.zeros((61, 87, 3), np.uint8)
    assert find_black_bars([]) == find_black_bars([(black, black)]) == BlackBars()
    assert find_black_bars([(black, black), (picture(rng), picture(rng))]) == BlackBars()


def test_find_black_bars_leaves_a_dark_scene_alone():
    rng = np.random.default_rng(0)
    dark = picture(rng) // 40
    dark[30:33, 40:60] = 200  # a lamp in the middle
    assert find_black_bars([(dark, dark)]) == BlackBars()


def test_find_shot_bars_preset():
    rng = np.random.default_rng(0)
    letterbox = [(picture(rng, 8, 7), picture(rng, 8, 7))] * 2
    assert find_shot_bars(letterbox) == BlackBars(top=8 + MARGIN, bottom=7 + MARGIN)
    floating = [(picture(rng, left=6), picture(rng, right=4))]
    assert find_shot_bars(floating) == BlackBars(left=6 + MARGIN, right=4 + MARGIN)


@pytest.mark.parametrize(("top", "bottom", "found"), [(11, 8, True), (8, 12, True), (14, 8, False)])
def test_find_shot_bars_may_be_a_little_off_center(top, bottom, found):
    left, right = two_planes(3, -2, 3, 96, 160)
    for view in (left, right):
        view[:top] = view[96 - bottom :] = 0
    bars = BlackBars(top + MARGIN, bottom + MARGIN) if found else BlackBars()
    assert find_shot_bars([(left, right)]) == bars


def test_find_shot_bars_leaves_dark_edges_alone():
    rng = np.random.default_rng(0)
    night_sky = [(picture(rng, top=20), picture(rng, top=20))]
    dark_walls = [(picture(rng, left=9, right=5), picture(rng, left=9, right=4))]
    black = [(np.zeros((61, 87, 3), np.uint8),) * 2]
    for pairs in (night_sky, dark_walls, black, []):
        assert find_shot_bars(pairs) == BlackBars()


def test_find_black_bars_brighter_than_black():
    rng = np.random.default_rng(0)
    image = picture(rng)
    image[:8] = image[-8:] = rng.integers(24, 29, (8, 87, 3))
    assert find_black_bars([(image, image)]) == BlackBars(top=8 + MARGIN, bottom=8 + MARGIN)
    ramp = picture(rng)
    ramp[:12] = np.linspace(24, 60, 12, dtype=np.uint8)[:, None, None]  # dusk, no bar
    assert find_black_bars([(ramp, ramp)]) == BlackBars()


def test_find_black_bars_with_subtitles_or_a_logo_on_one():
    rng = np.random.default_rng(0)
    image = picture(rng, 9, 9, 12, 12)
    image[54:58, 30:60:2] = 235
    image[40:46, 3:9] = 200
    bar, pillar = 9 + MARGIN, 12 + MARGIN
    assert find_black_bars([(image, image)]) == BlackBars(bar, bar, pillar, pillar)
    image = picture(rng, 9, 9)
    image[53:59, 10:77] = 90  # a box of their own
    image[55:57, 15:72:2] = 235
    assert find_black_bars([(image, image)]) == BlackBars(bar, bar, 0, 0)
    # Without a bar above, it may as well be a lit window in the dark.
    image = picture(rng, bottom=9)
    image[54:58, 30:60:2] = 235
    assert find_black_bars([(image, image)]) == BlackBars(bottom=3 + MARGIN)


def test_find_shot_bars_finds_pillars_and_a_window_within():
    left, right = two_planes(3, -2, 3, 96, 160)
    for view in (left, right):
        view[:, :20] = view[:, -20:] = 0
    assert find_shot_bars([(left, right)]) == BlackBars(0, 0, 22, 22)
    left[:, :28] = 0
    assert find_shot_bars([(left, right)]) == BlackBars(0, 0, 30, 22)


def test_find_shot_bars_takes_words_for_no_picture_with_pillars():
    card, _ = title_card()
    assert find_shot_bars([(np.roll(card, 6, axis=1), card)]) == BlackBars()
