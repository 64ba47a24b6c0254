import pathlib

import numpy as np
import pytest
import tensorflow as tf

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def ablation(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import model_ablation

    tf.config.run_functions_eagerly(True)
    yield model_ablation
    tf.config.run_functions_eagerly(False)


def test_run_all_goes_on_where_it_was_killed(ablation, tmp_path):
    setting = ablation.Setting(
        width=64, height=32, scenes=1, held_out=1, channel_divisor=32, steps=1, batch_size=2
    )
    results = tmp_path / "results.jsonl"
    chosen = (setting, tmp_path / "films", results)
    ablation.run_all(*chosen, ["full"], [0])
    first = results.read_text()
    results.write_text(first + '{"name": "without_sel')  # killed while writing
    ablation.run_all(*chosen, ["full", "without_selection"], [0])
    assert results.read_text().startswith(first)
    rows = {row["name"]: row for row in ablation.read_results(results, setting)}
    assert list(rows) == [
        *("copy_left", "global_shift", "oracle", "full", "without_selection"),
    ]
    assert rows["oracle"]["mae"] < rows["global_shift"]["mae"] <= rows["copy_left"]["mae"]
    assert rows["copy_left"]["ordinal_error"] == 0.5
    assert 0 <= rows["full"]["ordinal_error"] <= 1
    assert "ordinal_error" not in rows["without_selection"]
    other = ablation.Setting(steps=2)
    assert ablation.read_results(results, other) == []


def test_table_shows_mean_and_spread(ablation):
    rows = [
        {"name": "oracle", "seed": 0, "mae": 4.0},
        {"name": "full", "seed": 0, "mae": 7.0, "gap_closed": 0.25, "ordinal_error": 0.125},
        {"name": "full", "seed": 1, "mae": 8.0, "gap_closed": 0.5, "ordinal_error": 0.25},
    ]
    lines = ablation.table(rows, ablation.Setting()).splitlines()
    assert "| oracle: true disparity | - | 4.00 | - | - | 1 |" in lines
    assert (
        "| full: 16 levels of 1 px | - | 7.50 (7.00..8.00) | 37.5 % (25.0..50.0) "
        "| 18.8 % (12.5..25.0) | 2 |" in lines
    )


def test_pairs_are_composed_to_the_levels(ablation, tmp_path):
    import synthetic_pairs

    levels = ablation.variants(ablation.Setting(width=96))["full"][1].model.levels
    assert (min(levels.values), max(levels.values)) == (-4.0, 3.5)
    pairs = synthetic_pairs.load_pairs(tmp_path, 5, 2, 32, levels)
    low, high = np.percentile(pairs.disparity, (5, 95), axis=(1, 2))
    assert (low > -4.2).all() and (high < 3.7).all() and (high - low > 1.5).all()
    # The disparity belongs to the right view's pixels: warped by it, the left view is the right.
    assert synthetic_pairs.baseline_scores(pairs, pairs, levels)["oracle"]["mae"] < 10
    again = synthetic_pairs.load_pairs(tmp_path, 5, 2, 32, levels)
    np.testing.assert_array_equal(pairs.left, again.left)


def test_variants_differ_in_one_thing(ablation):
    known = ablation.variants(ablation.Setting())
    base = known["full"][1]
    for name, (_, experiment) in known.items():
        differing = [
            field
            for part in ("model", "training")
            for field, value in vars(getattr(experiment, part)).items()
            if value != getattr(getattr(base, part), field)
        ]
        assert len(differing) == (name != "full"), name
