import numpy as np
import pytest
from stereo_films import two_planes, write_film

from data_pipeline import stereo_movies
from data_pipeline.dataset_config import DatasetConfig
from data_pipeline.ingested_pairs import PACK, SHARDS, ingested_pairs
from data_pipeline.movie_options import MovieOptions
from data_pipeline.movies.movie import stereo_frames
from data_pipeline.pair_sources import find_layout
from data_pipeline.stereo_pack import pack_data_set
from data_pipeline.storage.movie_store import encode_frame


def shot(seed, count):
    return [two_planes(seed, -2, 3, step=k) for k in range(count)]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    options = MovieOptions(
        "full_sbs", "left_first", every_s=0.125, width=192, minimum_width=128, frames_before=2
    )
    examples = {}
    for split, names in (("train", "a"), ("validation", "b"), ("test", "cd")):
        films = {n: write_film(folder / f"{n}.mkv", shot(ord(n), 6)) for n in names}
        examples[split] = [
            encode_frame(frame, name)
            for name, film in films.items()
            for frame in stereo_frames(film, options)
        ]
    config = stereo_movies.StereoMoviesConfig(name="movies", splits=examples)
    return stereo_movies.build(str(folder / "data"), config).data_dir


def test_ingested_pairs_know_their_movies(data_dir):
    pairs, validation = ingested_pairs(data_dir, SHARDS, "test", (96, 128))
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
    pairs, _ = ingested_pairs(data_dir, SHARDS, "test", (96, 128), at_most=3)
    assert 1 < len(list(pairs)) <= 3
    assert ingested_pairs(data_dir, SHARDS, "validation", (96, 128))[1] is None


def test_ingested_pairs_reject_a_missing_split(data_dir, tmp_path):
    with pytest.raises(ValueError, match=r"split must be .*Received: holdout"):
        ingested_pairs(data_dir, SHARDS, "holdout", (96, 128))
    with pytest.raises(ValueError, match="must hold a data set"):
        ingested_pairs(tmp_path, SHARDS, "test", (96, 128))


def test_ingested_pairs_hand_on_the_frames_before(data_dir):
    """In the order of training; what the ingestion repeated at a shot's beginning is left out."""
    from data_pipeline.dataset import stereo_dataset

    pairs, validation = ingested_pairs(data_dir, SHARDS, "test", (96, 128), frames=3)
    found = list(pairs)
    window = DatasetConfig(1, 96, 128, frames=3)
    for pair, (stacked, _) in zip(
        found, stereo_dataset(data_dir, "test", window, training=False), strict=True
    ):
        views = [pair.left, *pair.before]
        views += [views[-1]] * (3 - len(views))
        stored = np.round(255 * stacked[0].numpy()).astype(np.uint8)
        np.testing.assert_array_equal(np.concatenate(views, axis=2), stored)
    # of the six frames of each of two films
    assert sorted(len(pair.before) for pair in found) == [0, 0, 1, 1, *[2] * 8]
    assert all(pair.before == () for pair in validation)


def test_ingested_pairs_have_no_more_frames_than_are_stored(data_dir):
    pairs, _ = ingested_pairs(data_dir, SHARDS, "test", (96, 128), frames=5)
    assert max(len(pair.before) for pair in pairs) == 2


def test_ingested_pairs_of_a_pack_are_those_of_the_shards(data_dir, tmp_path):
    pack_data_set(data_dir, tmp_path / "pack")
    assert find_layout(str(tmp_path / "pack")) == PACK
    for at_most in (None, 5):
        options = ("test", (96, 128), at_most, 3)
        shards, packed = (
            list(ingested_pairs(folder, layout, *options)[0])
            for folder, layout in ((data_dir, SHARDS), (tmp_path / "pack", PACK))
        )
        for one, other in zip(shards, packed, strict=True):
            assert (one.name, one.film) == (other.name, other.film)
            views = [(p.left, p.right, *p.before) for p in (one, other)]
            for view, same in zip(*views, strict=True):
                np.testing.assert_array_equal(view, same)
    with pytest.raises(ValueError, match=r"split must be .*Received: holdout"):
        ingested_pairs(tmp_path / "pack", PACK, "holdout", (96, 128))
    with pytest.raises(ValueError, match="must hold a pack"):
        ingested_pairs(data_dir, PACK, "test", (96, 128))
