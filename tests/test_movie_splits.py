import numpy as np
import pytest

from data_pipeline.ingest_config import IngestConfig, IngestError
from data_pipeline.storage.movie_splits import check_lists, choose_splits


def hashes_of(*seeds):
    return [np.random.default_rng(seed).bytes(16).hex() for seed in seeds]


TITLES = {
    "film": hashes_of(*range(10)),
    "movie": hashes_of(*range(4, 14)),  # another name of it
    "teaser": hashes_of(*range(10, 14)),  # shares pictures with the second only
    "one": hashes_of(20, 21),
    "two": hashes_of(30, 31),
    "nothing": [],
}


def test_choose_splits_never_divides_what_looks_alike():
    for seed in range(20):
        splits = choose_splits(IngestConfig(seed=seed), TITLES)
        assert len({splits.of_title[title] for title in ("film", "movie", "teaser")}) == 1
        assert sorted(set(splits.of_title.values())) == ["test", "train", "validation"]
        assert "nothing" not in splits.of_title
    assert splits.joined == [
        {"titles": ["film", "movie"], "alike": 6, "of": 10},
        {"titles": ["movie", "teaser"], "alike": 4, "of": 4},
    ]


def test_choose_splits_follows_lists():
    config = IngestConfig(validation_titles="teaser.mkv", test_titles="one, nothing")
    assert choose_splits(config, TITLES).of_title == {
        **dict.fromkeys(("film", "movie", "teaser"), "validation"),
        **dict(one="test", two="train"),
    }
    only_nothing = IngestConfig(test_titles="nothing")
    assert set(choose_splits(only_nothing, TITLES).of_title.values()) == {"train"}


def test_choose_splits_rejects_lists_that_divide_what_looks_alike():
    config = IngestConfig(validation_titles="film", test_titles="teaser")
    with pytest.raises(IngestError, match=r"two splits: \['film', 'movie', 'teaser'\]"):
        choose_splits(config, TITLES)


def test_check_lists_rejects_unknown_titles():
    check_lists(IngestConfig(test_titles="one"), TITLES)
    with pytest.raises(ValueError, match=r"must be among .* Received: three"):
        check_lists(IngestConfig(test_titles="three"), TITLES)
