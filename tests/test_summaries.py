"""What a short training leaves in TensorBoard's logs, read back."""

import dataclasses
import io
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.util.tensor_util import make_ndarray

from deep3d import compact, training
from deep3d.config import Experiment, ModelConfig, TrainingConfig, to_json
from deep3d.disparity import DisparityLevels
from deep3d.event_log import EventLog
from deep3d.model import build_deep3d
from deep3d.summaries import DepthSummaries, flat, histogram_edges
from deep3d.trainer import compile_trainer

LEVELS = DisparityLevels(minimum=-2, count=4, width=64)
EXPERIMENT = Experiment(
    ModelConfig(levels=LEVELS, height=32, width=64),
    TrainingConfig(
        steps=6,
        batch_size=2,
        checkpoint_every=2,
        summary_every=2,
        warmup_steps=1,
        precision="float32",
    ),
)
DEPTH = ("1_disparity", "2_truth", "3_profile", "4_entropy", "5_levels")
VIEWS = ("1_left", "2_right", "3_prediction", "4_anaglyph", "5_error", "6_wiggle")


@pytest.fixture(scope="module", autouse=True)
def small_and_eager():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compact, "ENCODER", ((1, 16), (1, 16), (1, 16), (1, 16), (2, 16)))
        patch.setattr(compact, "DECODER", (16, 16, 16, 16))
        tf.config.run_functions_eagerly(True)
        yield
        tf.config.run_functions_eagerly(False)


def pair(seed):
    left = np.random.default_rng(seed).random((2, 32, 64, 3), dtype="float32")
    return left, np.roll(left, -1, axis=2)


def dataset(seeds):
    spec = (tf.TensorSpec((2, 32, 64, 3)),) * 2
    return tf.data.Dataset.from_generator(lambda: map(pair, seeds), output_signature=spec)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Two pairs for each of three steps, and two batches that validate."""
    workdir = tmp_path_factory.mktemp("run")
    training.train(
        EXPERIMENT,
        lambda first: dataset(range(first, 100)),
        lambda: dataset((1000, 1001)),
        workdir,
        verbose=0,
    )
    return workdir / "logs"


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return events


def points(events, tag):
    return {event.step: float(make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)}


def pictures(events, tag):
    """{step: the pictures of that step}."""
    found = {}
    for event in events.Tensors(tag):
        width, height, *files = make_ndarray(event.tensor_proto)
        found[event.step] = [Image.open(io.BytesIO(file)) for file in files]
        assert found[event.step][0].size == (int(width), int(height))
    return found


def test_summaries_scalars(logs):
    events = read(logs)
    for name in ("train/loss", "train/mae_255", "train/learning_rate"):
        assert list(points(events, name)) == [2, 4, 6], name
    for name in ("validation/loss", "validation/mae_255", "speed/summaries_percent"):
        assert list(points(events, name)) == [2, 4, 6], name
    speed = points(events, "speed/images_per_second")
    assert list(speed) == [2, 4, 6] and min(speed.values()) > 0
    assert all(0 <= share < 100 for share in points(events, "speed/data_wait_percent").values())


def test_summaries_baselines_are_lines_in_the_chart_of_the_validation_error(logs):
    """Two noises that moved by one pixel: against the formula, for the copy and the shift."""
    views = [pair(seed) for seed in (1000, 1001)]
    lefts, rights = (np.concatenate(side) for side in zip(*views, strict=True))
    copied = 255.0 * np.abs(lefts - rights).mean()
    moved = np.concatenate([lefts[:, :, 1:], lefts[:, :, 62:63]], axis=2)  # mirrored at the edge
    shifted = 255.0 * np.abs(moved - rights).mean()
    for name, expected in (("copy_left", copied), ("global_shift", shifted)):
        run = read(logs / f"baseline_{name}")
        for tag, value in (("mae_255", expected), ("loss", expected / 255.0)):
            line = points(run, f"validation/{tag}")
            assert list(line) == [0, 2, 4, 6]
            assert list(line.values()) == pytest.approx([value] * 4, rel=1e-5)


def test_summaries_baselines_have_the_weight_of_the_loss(tmp_path):
    """Their points in both charts are in the ratio of those of a network."""
    experiment = with_training(right_view=3.0)
    model = network()
    values = compile_trainer(model, experiment).evaluate(*pair(0), verbose=0, return_dict=True)
    assert values["loss"] == pytest.approx(3.0 * values["mae_255"] / 255.0, rel=1e-4)
    callback = DepthSummaries(tmp_path, model, [pair(0)], experiment)
    run_one_round(callback, {f"val_{name}": value for name, value in values.items()})
    run = read(tmp_path / "baseline_copy_left")
    error, loss = (points(run, f"validation/{tag}")[0] for tag in ("mae_255", "loss"))
    assert loss / error == pytest.approx(values["loss"] / values["mae_255"], rel=1e-4)


@pytest.mark.parametrize("weights", [{"symmetric": 0.5}, {"disparity": 1.0}])
def test_summaries_baselines_have_no_loss_where_it_is_more_than_their_error(tmp_path, weights):
    callback = DepthSummaries(tmp_path, network(), [pair(0)], with_training(**weights))
    run_one_round(callback, {"val_loss": 1.0, "val_right_loss": 0.5})
    tags = read(tmp_path / "baseline_copy_left").Tags()["tensors"]
    assert tags == ["validation/right_loss"]


def test_summaries_pictures(logs):
    events = read(logs)
    for name, tags in (("depth", DEPTH), ("views", VIEWS)):
        for tag in tags:
            found = pictures(events, f"{name}/{tag}")
            always = tag in ("1_left", "2_right", "2_truth")
            assert set(found) >= ({2} if always else {2, 6}), tag
            assert len(found[2]) == (1 if tag == "6_wiggle" else 2)
    wiggle = pictures(events, "views/6_wiggle")[6][0]
    assert wiggle.format == "GIF" and wiggle.n_frames == 2
    right = np.array(pictures(events, "views/2_right")[2][0])
    np.testing.assert_allclose(right, 255 * pair(1000)[1][0], atol=0.51)


def test_summaries_histograms_of_prediction_and_truth(logs):
    events = read(logs)
    counts = {}
    for name in ("prediction", "truth"):
        last = events.Tensors(f"disparity_percent_of_width/{name}")[-1]
        buckets = make_ndarray(last.tensor_proto)
        np.testing.assert_allclose(buckets[:, 0], histogram_edges(LEVELS)[:-1])
        counts[name] = buckets[:, 2]
    assert counts["prediction"].sum() == 2 * 32 * 64
    # stereo matching finds the one pixel, 1.5625 % of the width, wherever it finds anything
    edges = histogram_edges(LEVELS)
    at = np.searchsorted(edges, 100 / 64) - 1
    assert counts["truth"].sum() > 1000
    assert counts["truth"][at - 2 : at + 3].sum() > 0.95 * counts["truth"].sum()


def test_summaries_config_settings_and_graph(logs):
    events = read(logs)
    text = make_ndarray(events.Tensors("config")[0].tensor_proto).item().decode()
    assert json.loads(text.strip("`\n")) == json.loads(to_json(EXPERIMENT))
    assert (
        b"moving it by +1.0 px" in make_ndarray(events.Tensors("baselines")[0].tensor_proto).item()
    )
    content = events.SummaryMetadata(hparams_metadata.SESSION_START_INFO_TAG).plugin_data.content
    start = hparams_metadata.parse_session_start_info_plugin_data(content)
    assert start.hparams["training.batch_size"].number_value == 2
    assert start.hparams["model.levels.count"].number_value == 4
    assert start.hparams["training.stop_at"].string_value == "None"
    assert hparams_metadata.SESSION_END_INFO_TAG in events.Tags()["tensors"]
    assert {node.name for node in events.Graph().node} >= {"left", "right", "probabilities"}


def test_summaries_truth_of_the_data(tmp_path):
    """Disparity that the data have is drawn where they trust it, instead of being measured."""
    left, right = pair(0)
    disparity = np.stack([np.full((2, 32, 64), -1.0), np.zeros((2, 32, 64))], axis=-1)
    disparity[:, :16, :, 1] = 1.0
    callback = DepthSummaries(
        tmp_path, network(), [(left, {"right": right, "disparity": disparity})], EXPERIMENT
    )
    truth = callback.pairs.truth
    assert (truth[:, :16] == -1.0).all() and np.isnan(truth[:, 16:]).all()


def test_summaries_without_right_views(tmp_path):
    left, _ = pair(0)
    targets = {"disparity": np.ones((2, 32, 64, 2))}
    callback = DepthSummaries(tmp_path, network(), [(left, targets)], EXPERIMENT)
    run_one_round(callback)
    tags = read(tmp_path).Tags()["tensors"]
    assert "depth/2_truth" in tags and "views/3_prediction" in tags
    assert not {"views/2_right", "views/5_error", "baselines"} & set(tags)


def test_summaries_of_a_network_without_levels(tmp_path):
    """One that predicts the right view directly has views to show, and no depth."""
    left = keras.Input((None, None, 3), name="left")
    direct = keras.Model(left, {"right": keras.layers.Conv2D(3, 1, name="right")(left)})
    callback = DepthSummaries(tmp_path, direct, [pair(0)], EXPERIMENT)
    run_one_round(callback)
    tags = read(tmp_path).Tags()["tensors"]
    assert "views/5_error" in tags and "depth/2_truth" in tags
    assert not {"depth/1_disparity", "disparity_percent_of_width/prediction"} & set(tags)


def test_summaries_expensive_pictures_wait(tmp_path):
    """Pictures after the first and the last round, whatever they cost."""
    callback = DepthSummaries(tmp_path, network(), [pair(0)], EXPERIMENT)
    callback.set_params({"epochs": 4})
    callback.on_train_begin()
    for epoch in range(4):
        callback.step += 1
        callback._drawing_seconds = 1e9
        callback.on_epoch_end(epoch)
    assert list(pictures(read(tmp_path), "views/3_prediction")) == [1, 4]


def test_event_log_histogram_counts_what_is_beyond_the_edges(tmp_path):
    log = EventLog(tmp_path)
    log.histogram("h", np.array([-9.0, 0.5, 1.5, 1.6, 9.0]), np.array([0.0, 1.0, 2.0]), 3)
    log.close()
    event = read(tmp_path).Tensors("h")[0]
    assert event.step == 3
    np.testing.assert_array_equal(
        make_ndarray(event.tensor_proto), [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]]
    )


def test_flat_preset():
    assert flat({"a": {"b": {"c": 1}}, "d": (2, 3)}) == {"a.b.c": 1, "d": (2, 3)}


def network():
    return build_deep3d(EXPERIMENT.model)


def with_training(**changes):
    training = dataclasses.replace(EXPERIMENT.training, **changes)
    return dataclasses.replace(EXPERIMENT, training=training)


def run_one_round(callback, values=None):
    callback.set_params({"epochs": 1})
    callback.on_train_begin()
    callback.on_epoch_end(0, values or {"val_loss": 1.0})
    callback.on_train_end()
