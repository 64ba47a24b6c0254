"""Every named experiment: its shapes, its number of weights by hand, a step, and its file."""

import dataclasses

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from deep3d import compact, training
from deep3d.checkpoint import load_model, save_model
from deep3d.config import Experiment, ModelConfig, TrainingConfig
from deep3d.disparity import DisparityLevels
from deep3d.experiments import experiments
from deep3d.inference import Predictor
from deep3d.lite_export import export
from deep3d.model import build_deep3d
from deep3d.optimization import build_optimizer
from deep3d.trainer import compile_trainer
from deep3d.vgg import VggWeightsError, load_imagenet_weights

NAMES = list(experiments())
# 3x3 convolutions, inputs x outputs + biases
VGG16_WEIGHTS = (
    (9 * 3 * 64 + 64) + (9 * 64 * 64 + 64)
    + (9 * 64 * 128 + 128) + (9 * 128 * 128 + 128)
    + (9 * 128 * 256 + 256) + 2 * (9 * 256 * 256 + 256)
    + (9 * 256 * 512 + 512) + 2 * (9 * 512 * 512 + 512)
    + 3 * (9 * 512 * 512 + 512)
)  # fmt: skip
VGG11_WEIGHTS = (
    (9 * 3 * 64 + 64)
    + (9 * 64 * 128 + 128)
    + (9 * 128 * 256 + 256) + (9 * 256 * 256 + 256)
    + (9 * 256 * 512 + 512) + (9 * 512 * 512 + 512)
    + 2 * (9 * 512 * 512 + 512)
)  # fmt: skip


def branches(labels):
    """Batch normalization of 4 numbers a channel, 3x3 convolution, deconvolution of each pool."""
    return (
        (4 * 64 + (9 * 64 * labels + labels) + (1 * 1 * labels * labels + labels))
        + (4 * 128 + (9 * 128 * labels + labels) + (4 * 4 * labels * labels + labels))
        + (4 * 256 + (9 * 256 * labels + labels) + (8 * 8 * labels * labels + labels))
        + (4 * 512 + (9 * 512 * labels + labels) + (16 * 16 * labels * labels + labels))
    )


def top(labels, cells, units):
    """Two hidden layers, the map, and its deconvolution 32x32."""
    return (
        (512 * cells * units + units)
        + (units * units + units)
        + (units * cells * labels + cells * labels)
        + (32 * 32 * labels * labels + labels)
    )


def head(labels):
    """Deconvolution 4x4 to full resolution, and the last convolution."""
    return (4 * 4 * labels * labels + labels) + (9 * labels * labels + labels)


PAPER = VGG16_WEIGHTS + branches(33) + top(33, 12 * 5, 512) + head(33)
# Fifth branch as the others: 512 channels, deconvolution 32x32.
POOL5_BRANCH_16 = 4 * 512 + (9 * 512 * 16 + 16) + (32 * 32 * 16 * 16 + 16)


def compact_weights(labels=16):
    """3x3 convolutions without biases, each with 4 numbers a channel of normalization."""
    encoder = (
        (9 * 3 * 16 + 4 * 16)
        + (9 * 16 * 32 + 4 * 32) + (9 * 32 * 32 + 4 * 32)
        + (9 * 32 * 96 + 4 * 96) + (9 * 96 * 96 + 4 * 96)
        + (9 * 96 * 192 + 4 * 192) + 2 * (9 * 192 * 192 + 4 * 192)
        + (9 * 192 * 256 + 4 * 256) + 3 * (9 * 256 * 256 + 4 * 256)
    )  # fmt: skip
    row_position = 3 * 256
    context = (256 * 128 + 128) + (128 * 256 + 256)
    decoder = sum(
        (inputs * width + width) + (skip * width + width) + (9 * width * width + 4 * width)
        for inputs, skip, width in ((256, 192, 128), (128, 96, 64), (64, 32, 32), (32, 16, 16))
    )
    return encoder + row_position + context + decoder + (9 * 16 * labels + labels)


WEIGHTS = {
    "default": compact_weights(),
    "vgg16": VGG16_WEIGHTS + branches(16) + POOL5_BRANCH_16 + head(16),
    "original": VGG11_WEIGHTS + branches(33) + top(33, 12 * 5, 512) + head(33),
    "paper": PAPER,
    "port2017": VGG16_WEIGHTS + branches(16) + top(16, 9 * 5, 4096) + head(16),
    "paper_without_branches": PAPER - branches(33),
    "paper_without_selection": PAPER + (9 * 33 * 3 + 3),
    "paper_without_imagenet": PAPER,
    "paper_16_levels": VGG16_WEIGHTS + branches(17) + top(17, 12 * 5, 512) + head(17),
    "paper_2px_step": VGG16_WEIGHTS + branches(17) + top(17, 12 * 5, 512) + head(17),
    "paper_reflect": PAPER,
    "paper_symmetric": PAPER,
    "paper_5_frames": PAPER + 4 * 9 * 3 * 64,
}


def tiny(name):
    """The experiment on pictures of 64 x 32 with thin layers, and what the graph is made of."""
    experiment = experiments()[name]
    small = {"height": 32, "width": 64, "fully_connected_units": 8}
    if experiment.model.encoder != "compact":
        small["channel_divisor"] = 16
    return Experiment(
        dataclasses.replace(experiment.model, **small),
        dataclasses.replace(experiment.training, steps=10, precision="float32"),
    )


def batch(experiment, count=2):
    """Left views, newest frame first, and targets for the losses of the experiment."""
    rng = np.random.default_rng(4)
    left = rng.random((count, 32, 64, 3 * experiment.model.frames), dtype="float32")
    targets = {"right": np.roll(left[..., :3], -1, axis=2)}
    if experiment.training.disparity:
        targets["disparity"] = np.ones((count, 32, 64, 2), "float32")
    return left, targets


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.mark.parametrize("name", NAMES)
def test_experiment_has_the_weights_counted_by_hand(name):
    config = experiments()[name].model
    with keras.StatelessScope():  # shapes alone, no numbers
        model = build_deep3d(config)
        assert model.count_params() == WEIGHTS[name]
    height, width = (160, config.width) if config.fully_connected else (None, None)
    assert model.input.shape == (None, height, width, 3 * config.frames)
    outputs = {"right": (None, height, width, 3)}
    if config.selection:
        outputs["probabilities"] = (None, height, width, config.levels.channels)
    assert {key: value.shape for key, value in model.output.items()} == outputs


@pytest.mark.parametrize("name", NAMES)
def test_experiment_learns_and_round_trips(name, tmp_path, monkeypatch):
    monkeypatch.setattr(compact, "ENCODER", ((1, 16), (1, 16), (1, 16), (1, 16), (2, 16)))
    monkeypatch.setattr(compact, "DECODER", (16, 16, 16, 16))
    experiment = tiny(name)
    model = build_deep3d(experiment.model)
    trainer = compile_trainer(model, experiment)
    left, targets = batch(experiment)
    before = [variable.numpy() for variable in model.trainable_variables]
    tf.config.run_functions_eagerly(True)
    try:
        loss = trainer.train_on_batch(left, targets)[0]
    finally:
        tf.config.run_functions_eagerly(False)
    assert np.isfinite(loss)
    # Adam's first step of the default is at rate 0, on its way up.
    moved = [
        np.any(old != new.numpy())
        for old, new in zip(before, model.trainable_variables, strict=True)
    ]
    assert any(moved) or experiment.training.warmup_steps
    save_model(tmp_path / "model.h5", model, experiment.model)
    loaded, config = load_model(tmp_path / "model.h5")
    assert config == experiment.model
    ours, theirs = model(left), loaded(left)
    assert set(ours) == set(theirs)
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], atol=1e-6)


def test_experiments_all_have_a_count():
    assert list(WEIGHTS) == NAMES


def test_original_is_the_released_one():
    """Facts of sym.py and train.py at github.com/piiswrong/deep3d."""
    experiment = experiments()["original"]
    theirs = [-disparity for disparity in experiment.model.levels.values]  # x_right - x_left
    assert theirs == list(range(-15, 17))
    with keras.StatelessScope():
        model = build_deep3d(experiment.model)
    names = [layer.name for layer in model.layers]
    trunk = [name for name in names if name.startswith("block") and "conv" in name]
    assert trunk == [
        *("block1_conv1", "block2_conv1", "block3_conv1", "block3_conv2"),
        *("block4_conv1", "block4_conv2", "block5_conv1", "block5_conv2"),
    ]
    assert "branch4_conv" in names and "branch5_conv" not in names
    kernels = [tuple(layer.kernel.shape[:2]) for layer in model.layers if "deconv" in layer.name]
    assert sorted(kernels) == [(1, 1), (4, 4), (8, 8), (16, 16), (32, 32)]
    assert len(model.get_layer("sum").input) == 5
    assert model.get_layer("sum").output.shape[1:] == (80, 192, 33)


def test_original_rate_falls_tenfold_every_20000_steps():
    recipe = experiments()["original"].training
    optimizer = build_optimizer(recipe)
    assert isinstance(optimizer, keras.optimizers.SGD) and optimizer.momentum == 0.9
    rate = optimizer._learning_rate  # the schedule itself; the property is its present value
    steps = (0, 19_999, 20_000, 60_000, 99_999)
    expected = (2e-3, 2e-3, 2e-4, 2e-6, 2e-7)
    np.testing.assert_allclose([float(rate(step)) for step in steps], expected, rtol=1e-5)


def test_uniform_initialization_is_within_a_hundredth():
    model = build_deep3d(tiny("original").model)
    for name in ("block1_conv1", "branch2_conv", "top_fc6", "top_map", "logits"):
        kernel, bias = model.get_layer(name).get_weights()
        assert np.abs(kernel).max() <= 0.01 and not bias.any()
        np.testing.assert_allclose(kernel.std(), 0.01 / np.sqrt(3), rtol=0.2)
    diagonal = model.get_layer("upscale").get_weights()[0]
    assert diagonal.max() == 0.5625  # bilinear: 0.75 squared


SMALL = ModelConfig(
    levels=DisparityLevels(minimum=-2, count=4, width=64), encoder="vgg11", channel_divisor=16
)


def test_frames_before_reach_the_probabilities_but_are_not_shifted():
    """The right view is a mixture of the current frame's shifts, whatever was seen before."""
    model = build_deep3d(dataclasses.replace(SMALL, frames=3))
    left = np.random.default_rng(0).random((1, 32, 64, 9), dtype="float32")
    left[..., :3] = 0.25
    outputs = model(left)
    np.testing.assert_allclose(outputs["right"], 0.25, atol=1e-6)
    other = left.copy()
    other[..., 6:] = 1.0 - other[..., 6:]
    assert np.abs(model(other)["probabilities"] - outputs["probabilities"]).max() > 1e-5


def test_frames_are_each_turned_to_bgr():
    model = build_deep3d(dataclasses.replace(SMALL, frames=2))
    seen = keras.Model(model.input, model.get_layer("block1_conv1").input)
    colors = np.array([1.0, 0.5, 0.0, 0.0, 0.25, 1.0], "float32")
    red, green, blue = 123.68, 116.779, 103.939
    expected = [-blue, 127.5 - green, 255 - red, 255 - blue, 63.75 - green, -red]
    values = seen(np.broadcast_to(colors, (1, 32, 64, 6)))
    np.testing.assert_allclose(values[0, 0, 0], expected, atol=1e-3)


def test_branches_leave_out_the_lower_ones():
    names = [layer.name for layer in build_deep3d(dataclasses.replace(SMALL, branches=2)).layers]
    assert [name for name in names if name.endswith("_norm")] == ["branch4_norm", "branch5_norm"]


@pytest.mark.parametrize(
    "fields",
    [
        {"branches": 0},
        {"frames": 0},
        {"channel_divisor": 3},
        {"initialization": "zeros"},
        {"encoder": "compact", "branches": 1},
    ],
)
def test_model_config_rejects(fields):
    with pytest.raises(ValueError, match="Received"):
        dataclasses.replace(ModelConfig(encoder="vgg16"), **fields)


def write_imagenet_file(path, skip=()):
    """All 13 layers of VGG16, as Keras has them; the kernel of each is filled with its number."""
    inputs, number = 3, 0
    with h5py.File(path, "w") as file:
        for block, (count, outputs) in enumerate(
            ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), start=1
        ):
            for place in range(1, count + 1):
                number += 1
                name = f"block{block}_conv{place}"
                shape, inputs = (3, 3, inputs, outputs), outputs
                if name not in skip:
                    file[f"{name}/{name}_W_1:0"] = np.full(shape, number, "float32")
                    file[f"{name}/{name}_b_1:0"] = np.full(outputs, -number, "float32")
    return str(path)


def test_imagenet_weights_of_the_released_trunk_by_name(tmp_path):
    """Layers that it lacks may be absent; second and later ones of a block do not move up."""
    path = write_imagenet_file(tmp_path / "vgg.h5", skip=("block1_conv2", "block5_conv3"))
    model = build_deep3d(ModelConfig(encoder="vgg11"))
    load_imagenet_weights(model, path)
    # number of each in VGG16: 1, 3, 5 6, 8 9, 11 12
    numbers = {"1_conv1": 1, "2_conv1": 3, "3_conv1": 5, "3_conv2": 6, "4_conv1": 8}
    numbers |= {"4_conv2": 9, "5_conv1": 11, "5_conv2": 12}
    for name, number in numbers.items():
        kernel, bias = model.get_layer(f"block{name}").get_weights()
        assert (kernel == number).all() and (bias == -number).all()
    with pytest.raises(VggWeightsError, match="no layer block1_conv2"):
        load_imagenet_weights(build_deep3d(ModelConfig(encoder="vgg16")), path)


def test_imagenet_weights_of_several_frames_are_the_current_ones(tmp_path):
    model = build_deep3d(ModelConfig(encoder="vgg11", frames=3))
    load_imagenet_weights(model, write_imagenet_file(tmp_path / "vgg.h5"))
    kernel, _ = model.get_layer("block1_conv1").get_weights()
    assert (kernel[:, :, :3] == 1).all() and not kernel[:, :, 3:].any()


def test_model_without_selection_has_no_disparity(tmp_path):
    config = dataclasses.replace(SMALL, selection=False)
    model = build_deep3d(config)
    with pytest.raises(ValueError, match="no selection layer"):
        Predictor(model, config)
    with pytest.raises(ValueError, match="no disparity; set --disparity=0"):
        compile_trainer(model, Experiment(config, TrainingConfig(disparity=1.0)))
    flat = ModelConfig(selection=False)
    save_model(tmp_path / "flat.h5", build_deep3d(flat), flat)
    with pytest.raises(ValueError, match="selection=False"):
        export(tmp_path / "flat.h5", tmp_path / "flat.tflite")


def test_predictor_of_several_frames_rejects_others():
    config = dataclasses.replace(SMALL, frames=2)
    model = build_deep3d(config)
    pictures = np.random.default_rng(0).integers(0, 256, (1, 32, 64, 6), np.uint8)
    predictor = Predictor(model, config)
    assert predictor.probabilities(pictures).shape == (1, 32, 64, 4)
    for predict in (predictor.disparity, predictor.probabilities):
        with pytest.raises(ValueError, match=r"show 2 frames each, in 6 channels.*64, 3\)"):
            predict(pictures[..., :3])


def test_model_of_several_frames_rejects_symmetric_training():
    model = build_deep3d(config := dataclasses.replace(SMALL, frames=2))
    with pytest.raises(ValueError, match="right views of all frames"):
        compile_trainer(model, Experiment(config, TrainingConfig(symmetric=1.0)))


@pytest.mark.parametrize("name", ["paper_without_selection", "paper_5_frames"])
def test_train_ends_when_nothing_gets_better(name, tmp_path):
    """At a rate of 0 the second round is no better than the first."""
    experiment = tiny(name)
    experiment = Experiment(
        # Without lower branches there is no batch normalization, which learns at any rate.
        dataclasses.replace(experiment.model, branches=1),
        dataclasses.replace(
            experiment.training, learning_rate=0.0, patience=1, checkpoint_every=2, vgg_weights=""
        ),
    )
    data = tf.data.Dataset.from_tensors(batch(experiment))
    tf.config.run_functions_eagerly(True)
    try:
        result = training.train(
            experiment, lambda step: data.repeat(), lambda: data, tmp_path, verbose=0
        )
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(result.history["val_loss"]) == 2  # of the five rounds of ten steps
