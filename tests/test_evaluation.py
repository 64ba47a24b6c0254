import json

import cv2
import keras
import numpy as np
import pytest

from deep3d import evaluation
from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor, network_size
from deep3d.model import build_deep3d

CONFIG = ModelConfig(levels=DisparityLevels(minimum=-4, count=8, width=96), height=32, width=96)
ROWS = [
    "copy_left",
    "global_shift",
    "global_shift_per_image",
    "vertical_ramp",
    "oracle",
    "model",
    "model_select",
]


def shifted_pair(name, shift, seed, height=60, width=120):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width + 40, 3)), (0, 0), 2)
    wide = cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    return evaluation.Pair(name, wide[:, 20:-20], wide[:, 20 + shift : shift - 20])


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    return Predictor(build_deep3d(CONFIG), CONFIG)


@pytest.fixture(scope="module")
def result(predictor):
    return evaluation.evaluate(
        [shifted_pair("a", 2, 0), shifted_pair("b", 3, 1)],
        predictor,
        validation=[shifted_pair("c", 2, 2)],
    )


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def test_evaluate_rows_and_order_of_baselines(result):
    assert [row["name"] for row in result["rows"]] == ROWS
    mae = {row["name"]: row["mae"] for row in result["rows"]}
    assert mae["global_shift_per_image"] < mae["global_shift"] < mae["copy_left"]
    assert result["baselines"]["global_shift_px"] == 2.0
    assert result["baselines"]["chosen_on"] == "validation pairs"


def test_evaluate_means_are_those_of_the_items(result):
    values = [item["rows"][0]["psnr"] for item in result["per_item"]]
    assert result["rows"][0]["psnr"] == pytest.approx(np.mean(values))
    assert [item["name"] for item in result["per_item"]] == ["a", "b"]


def test_write_result_round_trip(result, tmp_path):
    evaluation.write_result(result, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "eval.json").read_text()) == result
    text = (tmp_path / "out" / "eval.txt").read_text()
    assert "| copy left |" in text and "chosen on validation pairs" in text


def test_evaluate_rejects_nothing(predictor):
    with pytest.raises(ValueError, match="at least one pair"):
        evaluation.evaluate([], predictor)


def test_read_pairs_by_name_and_by_folder(tmp_path):
    pair = shifted_pair("x", 2, 0)
    write(tmp_path / "names" / "left" / "1.png", pair.left)
    write(tmp_path / "names" / "right" / "1.png", pair.right)
    write(tmp_path / "folders" / "one" / "left.png", pair.left)
    write(tmp_path / "folders" / "one" / "right.png", pair.right)
    for folder in ("names", "folders"):
        (read,) = evaluation.read_pairs(tmp_path / folder)
        np.testing.assert_array_equal(read.left, pair.left)
        np.testing.assert_array_equal(read.right, pair.right)


def test_read_pairs_rejects_different_sizes(tmp_path):
    pair = shifted_pair("x", 2, 0)
    write(tmp_path / "one" / "left.png", pair.left)
    write(tmp_path / "one" / "right.png", pair.right[:, :-3])
    with pytest.raises(
        ValueError, match=r"Pair one: both views must have one size.*120x60.*117x60"
    ):
        list(evaluation.read_pairs(tmp_path))


def test_read_pairs_rejects_lonely_views_and_empty_folders(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        list(evaluation.read_pairs(tmp_path / "absent"))
    with pytest.raises(ValueError, match="no stereo pairs"):
        list(evaluation.read_pairs(tmp_path))
    write(tmp_path / "left" / "1.png", shifted_pair("x", 2, 0).left)
    (tmp_path / "right").mkdir()
    with pytest.raises(ValueError, match=r"Alone: \['1.png'\]"):
        list(evaluation.read_pairs(tmp_path))


def test_read_image_rejects_text(tmp_path):
    (tmp_path / "no.png").write_text("text")
    with pytest.raises(ValueError, match="no picture"):
        evaluation.read_image(tmp_path / "no.png")


def test_compose_centers_the_disparity():
    pair = evaluation.compose(shifted_pair("x", 10, 0), CONFIG.levels)
    error = np.abs(pair.left.astype(int) - pair.right).mean()
    assert error < 12  # the shift of 10 px is gone; uncomposed it is above 30
    assert pair.left.shape[1] <= 96


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


def test_real_pairs_compose_within_the_levels(shared_folder):
    levels = DisparityLevels()
    for pair in evaluation.read_pairs(shared_folder / "stereo"):
        composed = evaluation.compose(pair, levels)
        assert 96 <= composed.left.shape[1] <= 384 or pair.name == "red_flower"
        low, high = evaluation.disparity_percentiles(composed.left, composed.right, limit=0.2)
        assert -8.5 <= low <= high <= 7.5, pair.name
