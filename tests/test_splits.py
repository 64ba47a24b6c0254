import pytest

from data_pipeline.storage.splits import split_titles, title_of


@pytest.mark.parametrize(
    "path, title",
    [
        ("films/Film.2009.3D.HSBS.mkv", "film"),
        ("Film 2009 part2.mp4", "film"),
        ("Film_part1.mkv", "film"),
        ("FILM.3D.Half-OU.1080p.x264.mkv", "film"),
        ("film-cd2.mkv", "film"),
        ("The Other Film (2012) [3D].mkv", "the other film"),
        ("2012.2009.3D.mkv", "2012"),
        ("3D.mkv", "3d"),
        ("Großer Film 3D.mkv", "grosser film"),
        ("Sequel 2.mkv", "sequel 2"),
        ("clip_0001.mp4", "clip 0001"),
        ("....mkv", "..."),
    ],
)
def test_title_of_preset(path, title):
    assert title_of(path) == title


def test_split_titles_small_numbers():
    assert split_titles(["a"]) == {"a": "train"}
    assert sorted(split_titles(["a", "b"]).values()) == ["train", "validation"]
    assert sorted(split_titles(["a", "b", "c"]).values()) == ["test", "train", "validation"]
    assert split_titles([]) == {}


def test_split_titles_shares_and_independence_of_order():
    titles = [f"film {k}" for k in range(40)]
    splits = split_titles(titles, validation_share=0.2, test_share=0.1)
    counts = {split: list(splits.values()).count(split) for split in ("validation", "test")}
    assert counts == {"validation": 8, "test": 4}
    assert split_titles(titles[::-1] + titles, 0.2, 0.1) == splits
    assert split_titles(titles, 0.2, 0.1, seed=1) != splits
    assert set(split_titles(titles, 0.2, 0.0).values()) == {"train", "validation"}


def test_split_titles_never_straddles():
    # Parts, releases and copies of one film, between films of their own.
    names = ["Film.2009.3D.HSBS.mkv", "film 2009 part2.mkv", "FILM_part3.mkv", "film.3d.mkv"]
    others = [f"other{k}.mkv" for k in range(5)]
    for seed in range(20):
        splits = split_titles(map(title_of, names + others), 0.3, 0.3, seed)
        assert len({splits[title_of(name)] for name in names}) == 1
        assert set(splits.values()) == {"train", "validation", "test"}


def test_split_titles_listed():
    splits = split_titles(
        ["film", "mr nobody", "x"], 0.5, 0.5, 0, ["Film.2009.mkv"], ["Mr. Nobody"]
    )
    assert splits == {"film": "validation", "mr nobody": "test", "x": "train"}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(validation_share=0.6), r"validation_share must be within 0..0.5. Received: 0.6"),
        (dict(validation_titles=["y"]), r"must be among .* Received: y"),
        (dict(validation_titles=["a"], test_titles=["a"]), "listed for one split only"),
        (dict(validation_titles=["a", "b"], test_titles=["c"]), "must be left for training"),
    ],
)
def test_split_titles_rejects(arguments, message):
    with pytest.raises(ValueError, match=message):
        split_titles(["a", "b", "c"], **arguments)
