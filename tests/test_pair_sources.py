import tracemalloc

import numpy as np
import pytest
from stereo_films import textured_pair, title_card, two_planes, write_film

from data_pipeline import pair_sources
from deep3d.stereo_matching import disparity_percentiles
from deep3d.video import VideoReader

FRAME_RATE = 8


def shot(seed, count, far=-2, near=3):
    return [two_planes(seed, far, near, step=k) for k in range(count)]


def percentiles(pair):
    return disparity_percentiles(pair.left, pair.right)


def test_find_layout_by_content(tmp_path):
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "a.mkv", shot(0, 2))
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "dataset_info.json").write_text("{}")
    (tmp_path / "kitti" / "image_2").mkdir(parents=True)
    for data, layout in (
        ("films", "films"),
        ("films/a.mkv", "films"),
        ("films/*", "films"),
        ("shards", "shards"),
        ("kitti", "kitti"),
        (".", "folders"),
    ):
        assert pair_sources.find_layout(str(tmp_path / data)) == layout
    with pytest.raises(ValueError, match="no folder"):
        pair_sources.find_layout(str(tmp_path / "absent"))


def test_open_pairs_rejects_unknown_layouts(tmp_path):
    with pytest.raises(ValueError, match=r"layout must be shards, pack, kitti, .*Received: kiti"):
        pair_sources.open_pairs(str(tmp_path), "kiti")


@pytest.mark.parametrize("layout", ["full_sbs", "full_tab"])
def test_film_pairs_come_in_runs_from_all_over_the_film(tmp_path, layout):
    write_film(tmp_path / "a.mkv", shot(1, 32), layout, FRAME_RATE)
    source = pair_sources.FilmPairs(str(tmp_path / "a.mkv"), frames=6)
    assert source.layouts == [layout]  # by the shape of its frames
    for _ in range(2):
        found = list(source)
        assert [pair.follows for pair in found] == [False, True] * 3
        assert {pair.film for pair in found} == {"a"}
        times = [float(pair.name.split()[1]) for pair in found]
        assert np.diff(times)[::2] == pytest.approx([1 / FRAME_RATE] * 3)
        # 4 s in three parts, in the middle of each
        assert times[::2] == pytest.approx([0.667, 2.0, 3.333], abs=1 / FRAME_RATE)
        for pair in found:
            assert percentiles(pair) == pytest.approx((-2, 3), abs=0.5)


def test_film_pairs_of_halved_views_are_stretched(tmp_path):
    write_film(tmp_path / "a.htab.mkv", shot(1, 8), "half_tab")
    (first, *_) = pair_sources.FilmPairs(str(tmp_path / "a.htab.mkv"), frames=2)
    assert first.left.shape == (108, 192, 3)
    write_film(tmp_path / "b.mkv", shot(1, 8, -2, 4), "half_sbs")
    (first, *_) = pair_sources.FilmPairs(str(tmp_path / "b.mkv"), frames=2)
    assert first.left.shape == (108, 192, 3)
    assert percentiles(first) == pytest.approx((-2, 4), abs=0.6)


def test_film_pairs_swap_eyes(tmp_path):
    write_film(tmp_path / "a.mkv", shot(1, 8))
    (first, *_) = pair_sources.FilmPairs(str(tmp_path / "a.mkv"), frames=2, swap_eyes=True)
    assert percentiles(first) == pytest.approx((-3, 2), abs=0.5)


def test_film_pairs_leave_title_cards_out_and_end_runs_at_cuts(tmp_path):
    cards = [title_card()] * 12
    write_film(tmp_path / "a.mkv", cards + shot(1, 12) + cards)
    found = list(pair_sources.FilmPairs(str(tmp_path / "a.mkv"), frames=6))
    times = [float(pair.name.split()[1]) for pair in found]
    assert found and min(times) >= 1.5 and max(times) < 3.0
    # two shots of one frame each, over and over: no frame follows another
    cut = [textured_pair(seed, 5, step=0) for seed in range(16)]
    dark = [tuple(view // 3 for view in pair) if n % 2 else pair for n, pair in enumerate(cut)]
    write_film(tmp_path / "b.mkv", dark)
    assert not any(p.follows for p in pair_sources.FilmPairs(str(tmp_path / "b.mkv"), frames=6))


def test_film_pairs_read_the_frames_before(tmp_path):
    """Beside those of a source that hands on every frame of the film."""
    write_film(tmp_path / "a.mkv", shot(1, 32), "full_sbs", FRAME_RATE)
    plain = list(pair_sources.FilmPairs(str(tmp_path / "a.mkv"), frames=6))
    found = list(pair_sources.FilmPairs(str(tmp_path / "a.mkv"), frames=6, frames_before=3))
    with VideoReader(tmp_path / "a.mkv") as reader:
        films = [
            (float(frame.time), frame.image[:, : frame.image.shape[1] // 2]) for frame in reader
        ]
    assert [pair.name for pair in found] == [pair.name for pair in plain]
    for pair, alone in zip(found, plain, strict=True):
        np.testing.assert_array_equal(pair.left, alone.left)
        np.testing.assert_array_equal(pair.right, alone.right)
        assert alone.before == () and pair.follows == alone.follows
        number = round(float(pair.name.split()[1]) * FRAME_RATE)
        assert len(pair.before) == 3
        for k, view in enumerate(pair.before, start=1):
            np.testing.assert_array_equal(view, films[number - k][1])


def test_film_pairs_begin_with_their_shot(tmp_path):
    """The one place, 0.5 s, lies two frames after a cut: see `FRAME_RATE`."""
    write_film(tmp_path / "a.mkv", shot(1, 2) + shot(2, 6), "full_sbs", FRAME_RATE)
    found = list(pair_sources.FilmPairs(str(tmp_path / "a.mkv"), frames=2, frames_before=8))
    assert [float(pair.name.split()[1]) for pair in found] == [0.5, 0.625]
    assert [len(pair.before) for pair in found] == [2, 3]
    np.testing.assert_array_equal(found[1].before[0], found[0].left)


def test_film_pairs_of_several_films_share_what_is_allowed(tmp_path):
    for name in ("a", "b", "c"):
        write_film(tmp_path / f"{name}.mkv", shot(ord(name), 16))
    source = pair_sources.open_pairs(str(tmp_path), at_most=8, film_frames=20)
    assert [pair.film for pair in source] == ["a", "a", "b", "b", "c", "c"]
    one = pair_sources.open_pairs(str(tmp_path / "[ab].mkv"), film_frames=4)
    assert [pair.film for pair in one] == ["a"] * 4 + ["b"] * 4


def test_film_pairs_reject_what_they_cannot_read(tmp_path):
    with pytest.raises(ValueError, match="No film was found"):
        pair_sources.FilmPairs(str(tmp_path / "*.mkv"))
    (tmp_path / "broken.mkv").write_bytes(b"no film" * 100)
    with pytest.raises(ValueError, match=r"broken\.mkv"):
        pair_sources.FilmPairs(str(tmp_path))
    write_film(tmp_path / "titles.mkv", [title_card()] * 8)
    with pytest.raises(ValueError, match=r"no frame shows two views.*Read as full_sbs"):
        list(pair_sources.FilmPairs(str(tmp_path / "titles.mkv"), layout="full_sbs"))
    with pytest.raises(ValueError, match="2D: both eyes are identical"):
        pair_sources.FilmPairs(str(tmp_path / "titles.mkv"))


def test_film_pairs_need_no_more_memory_for_more_frames(tmp_path):
    write_film(tmp_path / "a.mkv", shot(1, 32) + shot(2, 32))
    peaks = []
    for frames in (2, 8, 32):
        source = pair_sources.FilmPairs(str(tmp_path / "a.mkv"), frames)
        tracemalloc.start()
        count = sum(1 for _ in source)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == frames
    assert max(peaks) < 1.3 * peaks[0]
