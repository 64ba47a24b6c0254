"""The experiments that `train.py --config=NAME` knows: an architecture and its training each."""

from deep3d.config import Experiment, ModelConfig, TrainingConfig
from deep3d.disparity import DisparityLevels


def experiments() -> dict[str, Experiment]:
    """The named experiments."""
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
        # The original's labels: 32 shifts of -15..+16 in its sign, that is +15..-16 here, and
        # an empty one; fully connected layers of 512 units see the whole picture.
        "original": Experiment(
            ModelConfig(
                levels=DisparityLevels(minimum=15.0, step=-1.0, count=32, empty=True),
                encoder="vgg16",
                fully_connected=True,
            ),
            TrainingConfig(steps=100_000, learning_rate=1e-4, batch_size=64),
        ),
    }
