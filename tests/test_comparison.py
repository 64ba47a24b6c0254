import json

import numpy as np
import pytest

from deep3d.comparison import compare


def evaluation(maes, films=None, **scores):
    """The parts of a result that matter: one row of a model, and the copy."""
    items = []
    for number, mae in enumerate(maes):
        own = {name: values[number] for name, values in scores.items()}
        rows = [{"name": "copy_left", "mae": 9.0 + number}, {"name": "model", "mae": mae, **own}]
        film = films[number] if films else ""
        items.append({"name": f"pair {number}", "film": film, "size": "384x160", "rows": rows})
    return {"per_item": items}


def test_compare_preset():
    first = evaluation([5.0, 7.0, 6.0, 4.0], ssim=[0.5, 0.5, 0.5, None], parallax_low=[-1] * 4)
    second = evaluation([4.0, 7.5, 5.0, 4.0], ssim=[0.6, 0.5, 0.4, 0.9], parallax_low=[-2] * 4)
    result = compare(first, second)
    assert (result["row"], result["pairs"], result["resampled"]) == ("model", 4, "pairs")
    mae = result["scores"]["mae"]
    assert (mae["first"], mae["second"], mae["difference"]) == (5.5, 5.125, -0.375)
    assert (mae["better"], mae["worse"], mae["pairs"]) == (0.5, 0.25, 4)
    assert mae["interval"][0] < -0.375 < mae["interval"][1]
    ssim = result["scores"]["ssim"]
    assert (ssim["better"], ssim["worse"], ssim["pairs"]) == (1 / 3, 1 / 3, 3)
    assert ssim["difference"] == pytest.approx(0.0)
    low = result["scores"]["parallax_low"]
    assert (low["difference"], low["better"]) == (-1.0, None)
    assert "flicker" not in result["scores"]
    json.dumps(result, allow_nan=False)


def test_compare_is_surer_than_two_intervals():
    """Every pair a little better, though pairs differ by far more."""
    rng = np.random.default_rng(0)
    maes = rng.uniform(2, 20, 30)
    better = maes - 0.3 + rng.normal(0, 0.1, 30)
    low, high = compare(evaluation(maes), evaluation(better))["scores"]["mae"]["interval"]
    assert -0.4 < low < high < -0.2


def test_compare_gap_closed_preset():
    """By the first one's ends: the shift errs by 10 and 12, the oracle by 2 and 4."""
    first, second = evaluation([7.0, 9.0]), evaluation([5.0, 9.0])
    for result, ends in ((first, ((10, 2), (12, 4))), (second, ((8, 1), (8, 1)))):
        for item, (shift, oracle) in zip(result["per_item"], ends, strict=True):
            item["rows"] += [{"name": "global_shift", "mae": shift}]
            item["rows"] += [{"name": "oracle", "mae": oracle}]
    gap = compare(first, second)["scores"]["gap_closed"]
    assert (gap["first"], gap["second"], gap["difference"]) == (3 / 8, 4 / 8, 1 / 8)
    assert gap["interval"] == [0.0, pytest.approx(2 / 8)]
    assert "gap_closed" not in compare(evaluation([5.0]), evaluation([5.0]))["scores"]


def test_compare_interval_over_films_matches_reference():
    rng = np.random.default_rng(2)
    films = np.repeat(["a", "b", "c", "d", "e"], [2, 9, 4, 5, 3])
    gain = {"a": -1.0, "b": -0.2, "c": 0.3, "d": -0.6, "e": 0.1}
    first = rng.uniform(5, 9, len(films))
    differences = np.array([gain[film] for film in films]) + rng.normal(0, 0.05, len(films))
    result = compare(
        evaluation(first, films.tolist()), evaluation(first + differences, films.tolist())
    )
    drawn = []
    for _ in range(4000):
        chosen = rng.choice(list(gain), 5)
        drawn.append(np.concatenate([differences[films == film] for film in chosen]).mean())
    assert result["resampled"] == "films"
    expected = np.percentile(drawn, (2.5, 97.5))
    np.testing.assert_allclose(result["scores"]["mae"]["interval"], expected, atol=0.04)


def test_compare_with_itself_is_nothing():
    one = evaluation([5.0, 7.0, 6.0])
    mae = compare(one, one)["scores"]["mae"]
    assert (mae["difference"], mae["better"], mae["worse"]) == (0.0, 0.0, 0.0)
    assert mae["interval"] == [0.0, 0.0]


@pytest.mark.parametrize("key", ["name", "film", "size"])
def test_compare_rejects_other_pairs(key):
    first, second = evaluation([5.0, 7.0]), evaluation([5.0, 7.0])
    second["per_item"][1][key] = "another"
    with pytest.raises(ValueError, match=f"same pairs.*pair 1 has the {key}.*'another'"):
        compare(first, second)


def test_compare_rejects_another_number_of_pairs():
    with pytest.raises(ValueError, match="2 pairs and 3 pairs"):
        compare(evaluation([5.0, 7.0]), evaluation([5.0, 7.0, 6.0]))


def test_compare_rejects_other_pictures():
    first, second = evaluation([5.0, 7.0]), evaluation([5.0, 7.0])
    second["per_item"][1]["rows"][0]["mae"] += 0.5
    with pytest.raises(ValueError, match=r"same pictures.*1 pairs.*'pair 1'"):
        compare(first, second)


@pytest.mark.parametrize("broken", [{}, [], {"per_item": []}, {"per_item": [{"name": "a"}]}])
def test_compare_rejects_what_is_no_evaluation(broken):
    with pytest.raises(ValueError, match="per_item"):
        compare(broken, evaluation([5.0]))


def test_compare_rejects_unknown_rows():
    one = evaluation([5.0])
    with pytest.raises(ValueError, match="no row 'modell'"):
        compare(one, one, "modell")
