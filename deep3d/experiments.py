"""The experiments that `train.py --config=NAME` knows: an architecture and its training each."""

import dataclasses

from deep3d.config import Experiment, ModelConfig, TrainingConfig
from deep3d.disparity import DisparityLevels


def experiments() -> dict[str, Experiment]:
    """The named experiments: "default" and "vgg16", ours; the original ones; ablations."""
    return {
        "default": Experiment(
            ModelConfig(),
            TrainingConfig(
                steps=6_000,
                batch_size=16,
                learning_rate=2e-3,
                weight_decay=0.02,
                averaging=0.998,
                disparity=1.0,
                warmup_steps=200,
                checkpoint_every=100,
                validation_batches=12,
            ),
        ),
        "vgg16": Experiment(
            ModelConfig(encoder="vgg16"),
            TrainingConfig(steps=20_000, learning_rate=1e-4, batch_size=16),
        ),
        "original": original(),
        "paper": paper(),
        "port2017": port2017(),
        **ablations(),
    }


def original() -> Experiment:
    """Deep3D as released in 2016 (github.com/piiswrong/deep3d, sym.py and train.py).

    Its labels are 32 shifts of -15..+16 px, counted `x_right - x_left`: +15..-16 in the sign that
    holds here; and an empty one. Its loss was a mean on 0..255, hence the weight of 255, without
    which its rate of 0.002 would be too small for gradient descent. It subtracted a mean picture
    of its films, here it is ImageNet's mean color.
    """
    return Experiment(
        ModelConfig(
            levels=DisparityLevels(minimum=15.0, step=-1.0, count=32, empty=True),
            encoder="vgg11",
            fully_connected=True,
            initialization="uniform",
        ),
        TrainingConfig(
            steps=100_000,
            batch_size=64,
            optimizer="sgd",
            momentum=0.9,
            learning_rate=2e-3,
            schedule="step",
            step_every=20_000,
            step_factor=0.1,
            warmup_steps=0,
            clip_norm=0.0,
            right_view=255.0,
            checkpoint_every=1_000,
            flip=False,
            vgg_weights="imagenet",
        ),
    )


def paper() -> Experiment:
    """Deep3D as the paper's text has it: like the release, with all of VGG16."""
    return _changed(original(), {"encoder": "vgg16"})


def port2017() -> Experiment:
    """The TensorFlow port of 2017 (github.com/justinttl/deep3d-tf) with VGG16 for its VGG19.

    It slices channel s of a left view that is padded by 16 columns from column s on, so that
    `right(x) = left(x + s - 16)`: the sign that holds here, and 16 levels are -16..-1.
    """
    return Experiment(
        ModelConfig(
            levels=DisparityLevels(minimum=-16.0, step=1.0, count=16, width=288),
            encoder="vgg16",
            padding="reflect",
            fully_connected=True,
            width=288,
            fully_connected_units=4096,
        ),
        TrainingConfig(
            steps=20_000,
            batch_size=30,
            learning_rate=5e-5,
            schedule="constant",
            warmup_steps=0,
            clip_norm=0.0,
            flip=False,
            vgg_weights="imagenet",
        ),
    )


def ablations() -> dict[str, Experiment]:
    """The paper's network and training with one thing changed each."""
    base = paper()
    levels = base.model.levels
    half_range = dataclasses.replace(levels, minimum=7.0, count=16)
    double_step = dataclasses.replace(levels, minimum=14.0, step=-2.0, count=16)
    return {
        "paper_without_branches": _changed(base, {"branches": 1}),
        "paper_without_selection": _changed(base, {"selection": False}),
        "paper_without_imagenet": _changed(base, {}, {"vgg_weights": ""}),
        "paper_16_levels": _changed(base, {"levels": half_range}),
        "paper_2px_step": _changed(base, {"levels": double_step}),
        "paper_reflect": _changed(base, {"padding": "reflect"}),
        "paper_symmetric": _changed(base, {}, {"symmetric": base.training.right_view}),
        "paper_5_frames": _changed(base, {"frames": 5}),
    }


def _changed(base: Experiment, model: dict, training: dict | None = None) -> Experiment:
    return Experiment(
        dataclasses.replace(base.model, **model),
        dataclasses.replace(base.training, **(training or {})),
    )
