import json

import numpy as np
import pytest

from deep3d import score_tables

NAMES = ("copy_left", "global_shift", "global_shift_per_image", "model", "oracle")
OFFSETS = np.array([8, 6, 4, 3, 0])


def item(maes, content="", order=0.25):
    rows = [{"name": n, "mae": m, "psnr": 1.0} for n, m in zip(NAMES, maes, strict=True)]
    rows[3]["ordinal_error"] = order
    return {"name": "x", "content": content, "rows": rows}


def items(count=12, seed=0):
    rng = np.random.default_rng(seed)
    return [item(rng.uniform(5, 15, 5) + OFFSETS) for _ in range(count)]


def by_name(rows):
    return {row["name"]: row for row in rows}


def test_mean_rows_preset():
    rows = by_name(score_tables.mean_rows([item([9, 8, 7, 6, 2]), item([11, 12, 9, 8, 4])]))
    assert rows["model"]["mae"] == 7.0
    assert rows["model"]["gap_closed"] == pytest.approx((10 - 7) / (10 - 3))
    assert rows["copy_left"]["gap_closed"] == 0.0
    assert rows["oracle"]["gap_closed"] == 1.0
    assert rows["model"]["ordinal_error"] == 0.25
    assert rows["oracle"]["ordinal_error"] is None
    assert rows["oracle"]["siou"] is None
    json.dumps(list(rows.values()), allow_nan=False)


def test_mean_rows_intervals_match_reference():
    """Against a plain loop that draws the pairs again."""
    data = items()
    row = by_name(score_tables.mean_rows(data))["model"]
    maes = np.array([[inner["mae"] for inner in one["rows"]] for one in data])
    rng = np.random.default_rng(7)
    drawn = [maes[rng.integers(0, 12, 12)].mean(axis=0) for _ in range(4000)]
    gaps = [(mean[1] - mean[3]) / (mean[1] - mean[4]) for mean in drawn]
    expected = np.percentile([mean[3] for mean in drawn], (2.5, 97.5))
    # two draws of thousands agree to a few hundredths of the interval
    np.testing.assert_allclose(row["interval"]["mae"], expected, atol=0.15)
    np.testing.assert_allclose(
        row["interval"]["gap_closed"], np.percentile(gaps, (2.5, 97.5)), atol=0.08
    )
    assert row["interval"]["mae"][0] < row["mae"] < row["interval"]["mae"][1]


def test_mean_rows_are_the_same_every_time():
    assert score_tables.mean_rows(items()) == score_tables.mean_rows(items())


@pytest.mark.parametrize("oracle", [4.0, 4.5])
def test_mean_rows_without_a_gap(oracle):
    rows = score_tables.mean_rows([item([5, 4, 4, 4, oracle])])
    assert all(row["gap_closed"] is None for row in rows)
    # one pair says nothing about others
    assert rows[0]["interval"]["mae"] is None
    assert rows[0]["interval"]["gap_closed"] is None


def test_mean_rows_pass_over_unknown_scores():
    rows = by_name(score_tables.mean_rows([item([1] * 5, order=None), item([1] * 5, order=0.5)]))
    assert rows["model"]["ordinal_error"] == 0.5


def test_content_rows_preset():
    data = [
        item([9, 8, 7, 6, 2], "street", 0.1),
        item([1, 2, 3, 4, 5], "film", None),
        item([11, 12, 9, 8, 4], "street", 0.3),
        item([0] * 5),
    ]
    film, street = score_tables.content_rows(data)
    assert (film["content"], film["pairs"], film["ordinal_error"]) == ("film", 1, None)
    assert (street["content"], street["pairs"]) == ("street", 2)
    assert street["mae"] == dict(zip(NAMES, [10, 10, 8, 7, 3], strict=True))
    assert street["ordinal_error"] == pytest.approx(0.2)


def test_mean_rows_intervals_over_films_match_reference():
    """Whole films are drawn, so films of unlike difficulty widen the interval."""
    rng = np.random.default_rng(1)
    data = []
    for film, level in (("a", 0), ("b", 4), ("c", 9), ("d", 5)):
        pairs = [item(level + rng.uniform(0, 1, 5) + OFFSETS) for _ in range(3 + level)]
        data += [{**pair, "film": film} for pair in pairs]
    row = by_name(score_tables.mean_rows(data))["model"]
    by_film = {f: [one["rows"][3]["mae"] for one in data if one["film"] == f] for f in "abcd"}
    rng = np.random.default_rng(7)
    drawn = []
    for _ in range(4000):
        films = rng.choice(list("abcd"), 4)
        drawn.append(np.mean([mae for film in films for mae in by_film[film]]))
    assert row["mae"] == pytest.approx(np.mean(np.concatenate(list(by_film.values()))))
    np.testing.assert_allclose(row["interval"]["mae"], np.percentile(drawn, (2.5, 97.5)), atol=0.2)
    pairs = by_name(score_tables.mean_rows([{**one, "film": ""} for one in data]))["model"]
    width, width_of_pairs = (np.diff(r["interval"]["mae"])[0] for r in (row, pairs))
    assert width > 1.5 * width_of_pairs


@pytest.mark.parametrize(
    ("films", "over"), [(["", ""], "pairs"), (["a", "a"], "films"), (["a", ""], "films")]
)
def test_resampling_of_says_over_what(films, over):
    data = [{**one, "film": film} for one, film in zip(items(2), films, strict=True)]
    assert score_tables.resampling_of(data).over == over


def test_mean_rows_of_one_film_have_no_interval():
    data = [{**one, "film": "a"} for one in items()]
    assert by_name(score_tables.mean_rows(data))["model"]["interval"]["mae"] is None


def test_mean_rows_of_a_row_that_some_pairs_have():
    with_truth, without = item([9, 8, 7, 6, 2]), item([19, 18, 17, 16, 12])
    with_truth["rows"].append({"name": "truth", "mae": 1.0})
    rows = score_tables.mean_rows([without, with_truth])
    assert [row["name"] for row in rows][-3:] == ["oracle", "truth", "model"]
    truth = by_name(rows)["truth"]
    assert truth["mae"] == 1.0
    assert truth["gap_closed"] == pytest.approx((8 - 1) / (8 - 2))  # on the pair that has it


def test_film_rows_preset():
    data = [
        {**item([9, 8, 7, 6, 2], order=0.1), "film": "b"},
        {**item([11, 12, 9, 8, 4], order=0.3), "film": "b"},
        {**item([1, 2, 3, 4, 5]), "film": "a"},
        item([0] * 5),
    ]
    data[0]["rows"][3]["flicker"] = 0.25
    first, second = score_tables.film_rows(data)
    assert (first["film"], first["pairs"], first["gap_closed"]) == ("a", 1, None)
    assert first["flicker"] is None
    assert (second["film"], second["pairs"]) == ("b", 2)
    assert second["mae"] == dict(zip(NAMES, [10, 10, 8, 7, 3], strict=True))
    assert second["gap_closed"] == pytest.approx((10 - 7) / (10 - 3))
    assert second["ordinal_error"] == pytest.approx(0.2)
    assert second["flicker"] == 0.25
