import tracemalloc

import cv2
import numpy as np
import pytest
from stereo_films import street_views, title_card, two_planes, write_film

from data_pipeline.film_pairs import FilmPairs
from data_pipeline.pair_sources import open_pairs
from deep3d.stereo_matching import match_stereo

FRAME_RATE = 8
LEFT_FIRST = {"eyes": "left_first"}


def shot(seed, count, far=-2, near=3):
    """Seen 192 columns wide, and composed to 384: all is doubled."""
    return [two_planes(seed, far, near, step=k) for k in range(count)]


def disparity(pair):
    return match_stereo(pair.left, pair.right, -16, 16)


def planes(pair):
    """Disparity beside the middle third of the picture, and in it."""
    values, width = disparity(pair), pair.left.shape[1]
    beside, middle = values[:, : width // 4], values[:, 3 * width // 7 : 4 * width // 7]
    return float(np.nanmedian(beside)), float(np.nanmedian(middle))


def time_of(pair):
    return float(pair.name.split()[1].rstrip(","))


def slanted_wall(step):
    """Nearer from left to right: nothing hides anything, so either eye may be the left one."""
    _, texture = two_planes(1, 0, 0, step=step)
    rows, columns = np.indices((108, 192), np.float32)
    columns = columns - (columns / 192 * 5 - 2)
    return cv2.remap(texture, columns, rows, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT), texture


@pytest.fixture(scope="module")
def views():
    return street_views()


@pytest.mark.parametrize("layout", ["full_sbs", "half_sbs"])
def test_film_pairs_puts_exchanged_eyes_right(tmp_path, views, layout):
    """Nothing but the pictures says which eye is first."""
    write_film(tmp_path / "a.mkv", views, layout)
    write_film(tmp_path / "b.mkv", [pair[::-1] for pair in views], layout)
    plain, exchanged = (FilmPairs(str(tmp_path / f"{name}.mkv"), frames=4) for name in "ab")
    pairs = list(zip(plain, exchanged, strict=True))
    assert (plain.tally.exchanged, exchanged.tally.exchanged) == (0, 2)
    assert exchanged.tally.found == exchanged.tally.places == 2 and not exchanged.tally.left_out
    for one, other in pairs:
        assert time_of(one) == time_of(other)
        size = one.left.shape[1::-1]
        maps = [disparity(pair) for pair in (one, other)]
        maps = [cv2.resize(values, size, interpolation=cv2.INTER_NEAREST) for values in maps]
        known = np.isfinite(maps).all(axis=0)
        assert known.mean() > 0.5
        assert np.corrcoef(maps[0][known], maps[1][known])[0, 1] > 0.9


def test_film_pairs_leaves_out_shots_whose_eyes_are_unsure(tmp_path):
    write_film(tmp_path / "a.mkv", [slanted_wall(step) for step in range(8)])
    with pytest.raises(ValueError, match=r"0 of 1 places.*eyes_unsure 1.*--eyes say otherwise"):
        list(FilmPairs(str(tmp_path / "a.mkv"), frames=2))


def test_film_pairs_counts_refused_shots(tmp_path):
    """The first shot's right eye lies 8 rows of 108 too low, too far to be matched."""
    refused = [(left, np.roll(right, 8, axis=0)) for left, right in shot(1, 16)]
    write_film(tmp_path / "a.mkv", refused + shot(2, 16))
    source = FilmPairs(str(tmp_path / "a.mkv"), frames=4, **LEFT_FIRST)
    for _ in range(2):  # counted anew each time
        assert [time_of(pair) >= 2 for pair in source] == [True, True]
        assert str(source.tally) == (
            "pairs from 1 of 2 places, the eyes exchanged at 0; shots left out: unmatched 1"
        )


def test_film_pairs_corrects_alignment(tmp_path):
    """The right eye's picture lies 2 rows of 108 too low."""
    pairs = [(left, np.roll(right, 2, axis=0)) for left, right in shot(1, 8)]
    write_film(tmp_path / "a.mkv", pairs)
    source = FilmPairs(str(tmp_path / "a.mkv"), frames=2, **LEFT_FIRST)
    *_, pair = source
    assert planes(pair) == pytest.approx((-5, 5), abs=1.1)
    far = np.roll(pair.right, -5, axis=1)[20:-20, 20:100].astype(float)  # the plane beside
    errors = [
        np.abs(far - np.roll(pair.left, rows, axis=0)[20:-20, 20:100]).mean() for rows in (0, 4)
    ]
    assert errors[0] < errors[1] / 2


@pytest.mark.parametrize("layout", ["full_sbs", "full_tab"])
def test_film_pairs_come_in_runs_from_all_over_the_film(tmp_path, layout):
    write_film(tmp_path / "a.mkv", shot(1, 32), layout, FRAME_RATE)
    source = FilmPairs(str(tmp_path / "a.mkv"), frames=6, **LEFT_FIRST)
    assert source.layouts == [layout]  # by the shape of its frames
    found = list(source)
    assert [pair.follows for pair in found] == [False, True] * 3
    assert {pair.film for pair in found} == {"a"}
    assert [pair.name.endswith(", frame before") for pair in found] == [True, False] * 3
    # 4 s in three parts, the second sample of each
    times = [time_of(pair) for pair in found]
    assert times[::2] == times[1::2]
    assert times[::2] == pytest.approx([0.375, 1.75, 3.0], abs=1 / FRAME_RATE)
    for pair in found:
        far, near = planes(pair)
        assert near - far == pytest.approx(10, abs=1)
        assert (far + near) / 2 == pytest.approx(-0.5, abs=1)


def test_film_pairs_of_halved_views_are_stretched(tmp_path):
    for name, layout in (("a.htab.mkv", "half_tab"), ("b.mkv", "half_sbs")):
        write_film(tmp_path / name, shot(1, 8, -2, 4), layout)
        (first, *_) = FilmPairs(str(tmp_path / name), frames=2, **LEFT_FIRST)
        assert first.left.shape[0] == pytest.approx(216, abs=2)
        far, near = planes(first)
        assert near - far == pytest.approx(12, abs=1)


def test_film_pairs_told_the_eyes(tmp_path):
    write_film(tmp_path / "a.mkv", shot(1, 8))
    source = FilmPairs(str(tmp_path / "a.mkv"), frames=2, eyes="right_first")
    (first, *_) = source
    far, near = planes(first)
    assert near - far == pytest.approx(-10, abs=1)
    assert source.tally.exchanged == 1


def test_film_pairs_leave_title_cards_out_and_end_runs_at_cuts(tmp_path):
    cards = [title_card()] * 12
    write_film(tmp_path / "a.mkv", cards + shot(1, 12) + cards)
    source = FilmPairs(str(tmp_path / "a.mkv"), frames=6, **LEFT_FIRST)
    times = [time_of(pair) for pair in source]
    assert times and min(times) >= 1.5 and max(times) < 3.0
    assert source.tally.found == 1 and source.tally.left_out["no_parallax"] == 2
    # two shots of one frame each, over and over: no frame follows another
    cut = [two_planes(seed, -2, 3) for seed in range(16)]
    dark = [tuple(view // 3 for view in pair) if n % 2 else pair for n, pair in enumerate(cut)]
    write_film(tmp_path / "b.mkv", dark)
    found = list(FilmPairs(str(tmp_path / "b.mkv"), frames=6, **LEFT_FIRST))
    assert len(found) == 3 and not any(pair.follows for pair in found)


def test_film_pairs_read_the_frames_before(tmp_path):
    """Each frame moves on by a column, which are two of the composed pair."""
    write_film(tmp_path / "a.mkv", shot(1, 32), "full_sbs", FRAME_RATE)
    plain = list(FilmPairs(str(tmp_path / "a.mkv"), frames=2, **LEFT_FIRST))
    source = FilmPairs(str(tmp_path / "a.mkv"), frames=2, **LEFT_FIRST)
    source.frames_before = 3
    first, second = source
    assert [pair.name for pair in (first, second)] == [pair.name for pair in plain]
    for pair, alone in zip((first, second), plain, strict=True):
        np.testing.assert_array_equal(pair.left, alone.left)
        np.testing.assert_array_equal(pair.right, alone.right)
        assert alone.before == () and len(pair.before) == 3
        for k, view in enumerate(pair.before, start=1):
            moved = view[:, 10 + 2 * k : 100 + 2 * k].astype(float)
            assert np.abs(moved - pair.left[:, 10:100]).mean() < 3
    np.testing.assert_array_equal(second.before[0], first.left)


def test_film_pairs_begin_with_their_shot(tmp_path):
    """A sample half a second after a cut, at 8 frames a second, has four frames before it."""
    write_film(tmp_path / "a.mkv", shot(1, 20), "full_sbs", FRAME_RATE)
    source = FilmPairs(str(tmp_path / "a.mkv"), frames=2, frames_before=8, **LEFT_FIRST)
    assert [(time_of(pair), len(pair.before)) for pair in source] == [(0.5, 3), (0.5, 4)]


def test_film_pairs_of_several_films_share_what_is_allowed(tmp_path):
    for name in ("a", "b", "c"):
        write_film(tmp_path / f"{name}.mkv", shot(ord(name), 16))
    source = open_pairs(str(tmp_path), at_most=8, film_frames=20, **LEFT_FIRST)
    assert [pair.film for pair in source] == ["a", "a", "b", "b", "c", "c"]
    one = open_pairs(str(tmp_path / "[ab].mkv"), film_frames=4, **LEFT_FIRST)
    assert [pair.film for pair in one] == ["a"] * 4 + ["b"] * 4


def test_film_pairs_of_a_film_that_breaks_off(tmp_path):
    """Its index is at its beginning, so that it still says how long it was."""
    path = write_film(tmp_path / "a.mkv", shot(1, 32) + shot(2, 32))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    source = FilmPairs(str(path), frames=8, **LEFT_FIRST)
    found = list(source)
    assert found and max(map(time_of, found)) < 5
    assert source.tally.found < source.tally.places == 4


def test_film_pairs_reject_what_they_cannot_read(tmp_path):
    with pytest.raises(ValueError, match="No film was found"):
        FilmPairs(str(tmp_path / "*.mkv"))
    (tmp_path / "broken.mkv").write_bytes(b"no film" * 100)
    with pytest.raises(ValueError, match=r"broken\.mkv"):
        FilmPairs(str(tmp_path))
    write_film(tmp_path / "titles.mkv", [title_card()] * 8)
    with pytest.raises(ValueError, match=r"nothing to evaluate.*no_parallax.*Read as full_sbs"):
        list(FilmPairs(str(tmp_path / "titles.mkv"), layout="full_sbs"))
    with pytest.raises(ValueError, match="2D: both eyes are identical"):
        FilmPairs(str(tmp_path / "titles.mkv"))


def test_film_pairs_need_no_more_memory_for_more_frames(tmp_path):
    write_film(tmp_path / "a.mkv", shot(1, 16) + shot(2, 16))
    peaks = []
    for frames in (2, 4, 12):
        source = FilmPairs(str(tmp_path / "a.mkv"), frames, **LEFT_FIRST)
        tracemalloc.start()
        count = sum(1 for _ in source)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == frames
    assert max(peaks) < 1.3 * peaks[0]
