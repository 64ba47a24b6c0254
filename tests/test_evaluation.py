import dataclasses
import gc
import json
import sys
import weakref

import cv2
import keras
import numpy as np
import pytest
from two_frame_model import two_frame_predictor

from deep3d import evaluation, metrics
from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import ColorPredictor, Predictor, evaluable, network_size
from deep3d.model import build_deep3d
from deep3d.pairs import Pair
from deep3d.rendering import warp
from deep3d.report import Cases, format_result, format_table, write_result

CONFIG = ModelConfig(levels=DisparityLevels(minimum=-4, count=8, width=96), height=32, width=96)
ROWS = [
    "copy_left",
    "global_shift",
    "global_shift_per_image",
    "vertical_ramp",
    "ramp_per_image",
    "oracle",
    "model",
    "model_select",
    "model_affine",
]


def texture(width, seed=0, height=60):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)), (0, 0), 2)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def shifted_pair(name, shift, seed, content=""):
    wide = texture(160, seed)
    return Pair(name, wide[:, 20:-20], wide[:, 20 + shift : shift - 20], content)


def two_planes():
    """Left half at -2 px, right half at +3 px, on the pixels of the right view."""
    left = texture(120, 5)
    disparity = np.where(np.arange(120) < 60, -2.0, 3.0).astype(np.float32)
    disparity = np.ascontiguousarray(np.broadcast_to(disparity, (60, 120)))
    return Pair("planes", left, warp(left, disparity)), disparity


class FixedPredictor(Predictor):
    """In the place of a network: the distribution that belongs to one disparity."""

    def __init__(self, disparity):
        self.config = CONFIG
        self._truth = disparity

    def probabilities(self, pictures):
        small = cv2.resize(self._truth, pictures.shape[2:0:-1], interpolation=cv2.INTER_AREA)
        distance = np.abs(small[..., np.newaxis] - np.array(CONFIG.levels.values, np.float32))
        return np.maximum(0, 1 - distance)[np.newaxis].astype(np.float32)


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    return Predictor(build_deep3d(CONFIG), CONFIG)


@pytest.fixture(scope="module")
def result(predictor):
    return evaluation.evaluate(
        [shifted_pair("a", 2, 0, "film"), shifted_pair("b", 3, 1)],
        predictor,
        validation=[shifted_pair("c", 2, 2)],
    )


def test_evaluate_rows_and_order_of_baselines(result):
    assert [row["name"] for row in result["rows"]] == ROWS
    mae = {row["name"]: row["mae"] for row in result["rows"]}
    assert mae["global_shift_per_image"] < mae["global_shift"] < mae["copy_left"]
    assert mae["ramp_per_image"] <= mae["global_shift_per_image"] + 1e-6
    assert result["baselines"]["global_shift_px"] == 2.0
    assert result["baselines"]["chosen_on"] == "validation pairs"


def test_evaluate_means_are_those_of_the_items(result):
    values = [item["rows"][0]["psnr"] for item in result["per_item"]]
    assert result["rows"][0]["psnr"] == pytest.approx(np.mean(values))
    assert [item["name"] for item in result["per_item"]] == ["a", "b"]
    assert [(row["content"], row["pairs"]) for row in result["classes"]] == [("film", 1)]


def test_evaluate_rejects_nothing(predictor):
    with pytest.raises(ValueError, match="at least one pair"):
        evaluation.evaluate([], predictor)


class Source:
    """Pairs that are made anew each time, and how many of them are in memory at once."""

    def __init__(self, count, **facts):
        self.times, self.most, self._count, self._facts = 0, 0, count, facts

    def __iter__(self):
        self.times += 1
        made = []
        for number in range(self._count):
            pair = shifted_pair(f"{number}", 2 + number % 3, number)
            made.append(weakref.ref(pair.left))
            gc.collect()
            self.most = max(self.most, sum(view() is not None for view in made))
            facts = {key: values[number] for key, values in self._facts.items()}
            yield dataclasses.replace(pair, **facts)


def test_evaluate_streams():
    """However many pairs there are, only the last two are kept; one more is being made."""
    source = Source(7)
    _, disparity = two_planes()
    result = evaluation.evaluate(source, FixedPredictor(disparity))
    assert source.times == 2
    assert source.most <= 3
    assert [item["name"] for item in result["per_item"]] == [f"{n}" for n in range(7)]
    again = Source(2)
    evaluation.evaluate(again, FixedPredictor(disparity), validation=iter(source))
    assert (again.times, source.times) == (1, 3)


def test_evaluate_rejects_what_can_be_read_once_only():
    _, disparity = two_planes()
    with pytest.raises(ValueError, match=r"need validation pairs.*generator"):
        evaluation.evaluate((pair for pair in Source(2)), FixedPredictor(disparity))


def test_evaluate_with_lpips_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", None)
    source = Source(1)
    with pytest.raises(ValueError, match="pip install"):
        evaluation.evaluate(source, FixedPredictor(two_planes()[1]), perceptual=True)
    assert source.times == 0  # said before the work, not after it


def test_evaluate_films():
    films = ["a", "a", "b", "", "b"]
    follows = [False, True, False, False, False]
    result = evaluation.evaluate(
        Source(5, film=films, follows=follows), FixedPredictor(two_planes()[1])
    )
    assert result["resampled"] == "films"
    assert [(film["film"], film["pairs"]) for film in result["films"]] == [("a", 2), ("b", 2)]
    first, second = result["films"]
    assert set(first["mae"]) == set(ROWS)
    # b has two frames, none of which follows another
    assert second["flicker"] is None
    assert [item["film"] for item in result["per_item"]] == films


def test_evaluate_without_films_claims_no_flicker(result):
    assert result["films"] == []
    assert result["resampled"] == "pairs"
    assert all(row["flicker"] is None for row in result["rows"])


def test_evaluate_states_thresholds(result):
    edges = result["edges"]
    assert edges["canny"] == [100, 200]
    assert edges["ms_ssim_scales"] == [3, 3]  # of 60 rows
    assert edges["budget_percent"] == {"front": 1.0, "back": 2.0}
    json.dumps(result, allow_nan=False)


def test_evaluate_with_truth_adds_its_row():
    pair, disparity = two_planes()
    known = dataclasses.replace(pair, name="known", truth=disparity)
    result = evaluation.evaluate([pair, known], FixedPredictor(disparity))
    assert [row["name"] for row in result["rows"]] == [*ROWS[:6], "truth", *ROWS[6:]]
    rows = {row["name"]: row for row in result["rows"]}
    assert rows["truth"]["mae"] == 0.0
    assert rows["model"]["epe_px"] < 0.2
    references = [item["reference"] for item in result["per_item"]]
    assert references == ["matching", "truth"]


def test_predict_pair_rejects_a_truth_of_another_size():
    pair, disparity = two_planes()
    pair = dataclasses.replace(pair, truth=disparity[:, 1:])
    with pytest.raises(ValueError, match=r"size of the views, \(60, 120\).*\(60, 119\)"):
        evaluation.predict_pair(pair, FixedPredictor(disparity), 0.0, (0.0, 1.0))


def test_evaluate_a_model_that_knows():
    pair, disparity = two_planes()
    seen = []
    result = evaluation.evaluate(
        [pair], FixedPredictor(disparity), on_pair=lambda *both: seen.append(both)
    )
    rows = {row["name"]: row for row in result["rows"]}
    assert rows["model"]["gap_closed"] > 0.8
    assert rows["model"]["ordinal_error"] < 0.02
    assert rows["vertical_ramp"]["ordinal_error"] == pytest.approx(0.5, abs=0.05)
    assert rows["copy_left"]["ordinal_error"] == 0.5
    assert rows["model"]["siou"] > rows["global_shift"]["siou"]
    ((number, prediction),) = seen
    assert (number, prediction.pair) == (0, pair)
    assert np.abs(prediction.disparity - disparity)[:, 65:].max() < 0.1


def test_evaluate_ordinal_error_of_the_ramp():
    """A near foreground below: what the prejudice of the ramp gets right."""
    left = texture(120, 6)
    rows = np.where(np.arange(60) < 30, -2.0, 3.0).astype(np.float32)[:, np.newaxis]
    disparity = np.ascontiguousarray(np.broadcast_to(rows, (60, 120)))
    result = evaluation.evaluate(
        [Pair("floor", left, warp(left, disparity))], FixedPredictor(disparity)
    )
    rows = {row["name"]: row["ordinal_error"] for row in result["rows"]}
    assert rows["vertical_ramp"] < 0.02
    assert rows["ramp_per_image"] < 0.02
    assert rows["global_shift_per_image"] == 0.5


def test_evaluate_model_affine_undoes_scale_and_shift():
    pair, disparity = two_planes()
    result = evaluation.evaluate([pair], FixedPredictor(0.4 * disparity + 1.0))
    rows = {row["name"]: row for row in result["rows"]}
    assert rows["model"]["gap_closed"] < 0.5
    assert rows["model_affine"]["gap_closed"] > 0.8
    assert rows["model"]["ordinal_error"] < 0.02


def test_evaluate_model_affine_cannot_use_a_wrong_order():
    pair, disparity = two_planes()
    result = evaluation.evaluate([pair], FixedPredictor(1.0 - disparity))
    rows = {row["name"]: row for row in result["rows"]}
    assert rows["model"]["ordinal_error"] > 0.98
    assert rows["model_affine"]["mae"] >= rows["global_shift_per_image"]["mae"] - 1e-6


def test_predict_pair_scores_are_those_of_the_views():
    pair, disparity = two_planes()
    prediction = evaluation.predict_pair(pair, FixedPredictor(disparity), 0.0, (0.0, 1.0))
    result = evaluation.evaluate([pair], FixedPredictor(disparity))
    mae = {row["name"]: row["mae"] for row in result["rows"]}
    for name in ("copy_left", "model", "model_affine", "oracle"):
        expected = metrics.mean_absolute_error(pair.right, prediction.views[name])
        assert mae[name] == pytest.approx(expected), name


def test_predict_pair_shows_the_frames_before():
    """The network's disparity is the brightness, 0..1, of the frame before."""
    pair, predictor = shifted_pair("a", 2, 0), two_frame_predictor()
    older, latest = (np.full_like(pair.left, value) for value in (51, 204))
    for before, brightness in (((latest, older), 0.8), ((older, latest), 0.2), ((latest,), 0.8)):
        known = dataclasses.replace(pair, before=before)
        prediction = evaluation.predict_pair(known, predictor, 0.0, (0.0, 1.0))
        np.testing.assert_allclose(prediction.disparity, brightness, atol=1e-5)
    alone = evaluation.predict_pair(pair, predictor, 0.0, (0.0, 1.0))
    itself = cv2.resize(pair.left.mean(axis=2) / 255, (64, 32), interpolation=cv2.INTER_AREA)
    itself = cv2.resize(itself, (120, 60), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(alone.disparity, itself, atol=0.01)


def test_evaluate_a_model_without_selection_layer(tmp_path, result):
    config = dataclasses.replace(CONFIG, selection=False)
    keras.utils.set_random_seed(0)
    predictor = evaluable(build_deep3d(config), config)
    assert isinstance(predictor, ColorPredictor)
    pairs, cases = [shifted_pair("one", 2, 0), shifted_pair("two", 1, 1)], Cases(config.levels)
    found = evaluation.evaluate(pairs, predictor, on_pair=cases.add)
    assert [row["name"] for row in found["rows"]] == ROWS[:-2]
    picture = predictor.shrink(pairs[0].left)
    right = predictor.right_views(picture[np.newaxis])[0]
    enlarged = cv2.resize(right, (120, 60), interpolation=cv2.INTER_LINEAR)
    expected = np.abs(enlarged.astype(float) - pairs[0].right).mean()
    scored = {row["name"]: row for row in found["per_item"][0]["rows"]}["model"]
    assert scored["mae"] == pytest.approx(expected, abs=1e-4)
    assert scored.get("ordinal_error") is None
    assert "| model |" in format_result(found)
    write_result(found, tmp_path, cases)


def test_evaluate_counts_pairs_with_fewer_frames(result):
    pair = shifted_pair("a", 2, 0)
    known = dataclasses.replace(pair, before=(pair.left,))
    several = evaluation.evaluate([pair, known, pair], two_frame_predictor())
    assert several["frames"] == {"seen": 2, "pairs_with_fewer": 2}
    assert (
        "sees 2 frames, of which the earliest known was repeated in 2 of the pairs"
        in format_table(several)
    )
    assert result["frames"] == {"seen": 1, "pairs_with_fewer": 0}
    assert "the earliest" not in format_table(result)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1920, 1080, (384, 224)),
        (1920, 800, (384, 160)),
        (100, 1000, (384, 768)),
        (5000, 9, (384, 32)),
    ],
)
def test_network_size_preset(width, height, expected):
    assert network_size(width, height, ModelConfig()) == expected


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1920, 1080, (320, 192)),
        (1920, 800, (384, 160)),
        (640, 480, (288, 224)),
        (1080, 1920, (192, 320)),
        (100, 1000, (160, 352)),
        (5000, 9, (480, 128)),
    ],
)
def test_network_size_of_an_area(width, height, expected):
    """Pictures of all shapes have about as many pixels, 61,440, and so take the same time."""
    config = ModelConfig(picture_area=61_440)
    assert network_size(width, height, config) == expected
    assert config == ModelConfig()  # the same architecture


def test_fingerprint_knows_the_size_of_the_pictures():
    config = ModelConfig(levels=DisparityLevels(count=2, width=32), height=32, width=32)
    model = build_deep3d(config)
    other = dataclasses.replace(config, picture_area=2048)
    assert Predictor(model, config).fingerprint == Predictor(model, config).fingerprint
    assert Predictor(model, config).fingerprint != Predictor(model, other).fingerprint
