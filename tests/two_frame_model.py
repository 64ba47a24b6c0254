"""A network of two frames that can be looked through: it says how bright the frame before was."""

import keras

from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor

CONFIG = ModelConfig(
    levels=DisparityLevels(minimum=0, count=2, width=64), height=32, width=64, frames=2
)


def two_frame_predictor():
    """The disparity of a pixel, 0..1 px, is the brightness there of the frame before."""
    left = keras.Input((None, None, 6))
    before = keras.ops.mean(left[..., 3:], axis=-1, keepdims=True)
    probabilities = keras.ops.concatenate([1.0 - before, before], axis=-1)
    model = keras.Model(left, {"right": left[..., :3], "probabilities": probabilities})
    return Predictor(model, CONFIG)
