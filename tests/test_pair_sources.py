import tracemalloc

import numpy as np
import pytest
from stereo_films import textured_pair, title_card, two_planes, write_film

from data_pipeline import pair_sources, stereo_movies
from data_pipeline.movie import MovieOptions
from deep3d.stereo_matching import disparity_percentiles

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
    with pytest.raises(ValueError, match=r"layout must be shards, kitti, .*Received: kiti"):
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
        list(pair_sources.FilmPairs(str(tmp_path / "titles.mkv")))


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


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    movies = {}
    for split, names in (("train", "a"), ("validation", "b"), ("test", "cd")):
        movies[split] = [
            stereo_movies.Movie(str(write_film(folder / f"{n}.mkv", shot(ord(n), 6))), n)
            for n in names
        ]
    options = MovieOptions("full_sbs", every_s=0.125, width=192, minimum_width=128)
    config = stereo_movies.StereoMoviesConfig(name="movies", splits=movies, options=options)
    return stereo_movies.build(str(folder / "data"), config).data_dir


def test_ingested_pairs_know_their_movies(data_dir):
    pairs, validation = pair_sources.ingested_pairs(data_dir, "test", 96, 128)
    for _ in range(2):
        found = list(pairs)
        assert {pair.film for pair in found} == {"c", "d"} and len(found) > 4
        assert all(pair.left.shape == (96, 128, 3) for pair in found)
    assert {pair.film for pair in validation} == {"b"}
    # The window of a record and the name beside it belong together: films differ in texture.
    by_film = {name: [p.left for p in found if p.film == name] for name in "cd"}
    apart = np.abs(by_film["c"][0].astype(int) - by_film["d"][0]).mean()
    assert apart > 10


def test_ingested_pairs_spread_and_fall_back(data_dir):
    pairs, _ = pair_sources.ingested_pairs(data_dir, "test", 96, 128, at_most=3)
    assert 1 < len(list(pairs)) <= 3
    assert pair_sources.ingested_pairs(data_dir, "validation", 96, 128)[1] is None


def test_ingested_pairs_reject_a_missing_split(data_dir, tmp_path):
    with pytest.raises(ValueError, match=r"split must be .*Received: holdout"):
        pair_sources.ingested_pairs(data_dir, "holdout", 96, 128)
    with pytest.raises(ValueError, match="must hold a data set"):
        pair_sources.ingested_pairs(tmp_path, "test", 96, 128)
