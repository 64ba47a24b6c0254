"""A trained network on pictures of any size: what the converter and the evaluation ask it."""

import functools
import hashlib

import cv2
import numpy as np

from deep3d.config import ModelConfig
from deep3d.disparity import expected_disparity
from deep3d.rendering import render_warp

# Taller and wider pictures than this are squeezed, so that a strip cannot fill the memory.
MAX_ASPECT, MIN_ASPECT = 2.0, 0.25  # of the height to the width


def network_size(width: int, height: int, config: ModelConfig) -> tuple[int, int]:
    """Size at which the network sees a picture, its aspect kept: as it was trained to.

    Args:
        width: Picture width in pixels.
        height: Picture height.
        config: The network's architecture.

    Returns:
        Width and height, multiples of 32.
    """
    if config.fully_connected:
        return config.width, config.height
    aspect = min(height / width, MAX_ASPECT)
    columns = config.levels.width
    if config.picture_area:
        aspect = max(aspect, MIN_ASPECT)
        columns = (config.picture_area / aspect) ** 0.5
    else:
        columns = max(32, 32 * round(columns / 32))
    return max(32, 32 * round(columns / 32)), max(32, 32 * round(aspect * columns / 32))


class _PictureNetwork:
    """What all networks have in common that are asked about pictures.

    `render_warp` makes the right view where the network runs.
    """

    config: ModelConfig
    render_warp = staticmethod(render_warp)

    def shrink(self, picture: np.ndarray) -> np.ndarray:
        """A picture as the network takes it.

        Args:
            picture: (h, w, 3) uint8 or uint16 RGB.

        Returns:
            (rows, columns, 3) of that type and of `network_size`.
        """
        size = network_size(picture.shape[1], picture.shape[0], self.config)
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)

    def _predicted(self, model, pictures: np.ndarray) -> np.ndarray:
        if pictures.shape[-1] != 3 * self.config.frames:
            raise ValueError(
                f"Pictures for this model must show {self.config.frames} frames each, in "
                f"{3 * self.config.frames} channels. Received: {pictures.shape}"
            )
        return np.asarray(model.predict_on_batch(scaled(pictures)), np.float32)


class Predictor(_PictureNetwork):
    """Runs a Keras network on batches of uint8 pictures.

    Args:
        model: Keras model of `build_deep3d`.
        config: Its architecture.

    Raises:
        ValueError: If the network knows no disparity.
    """

    def __init__(self, model, config: ModelConfig):
        if not config.selection:
            raise ValueError(
                "This model has no selection layer: it regresses colors and knows no disparity, "
                "which conversion needs; it can be evaluated only."
            )
        import keras  # takes seconds, and `LitePredictor` does without

        self.config, self._model = config, model
        probabilities = model.output["probabilities"]
        self._probabilities = keras.Model(model.input, probabilities)
        self._disparity = keras.Model(model.input, expected_disparity(probabilities, config.levels))

    @functools.cached_property
    def fingerprint(self) -> str:
        """What tells this network from others: a checksum of its config and weights."""
        digest = hashlib.sha256(repr(self.config).encode())
        for weights in self._model.get_weights():
            digest.update(weights.tobytes())
        return digest.hexdigest()

    def disparity(self, pictures: np.ndarray) -> np.ndarray:
        """Expected disparity of the right view.

        Args:
            pictures: (batch, rows, columns, 3 * frames) uint8 from `shrink`; of several frames
                as `deep3d.frame_stack.stack_frames` makes them.

        Returns:
            (batch, rows, columns) float32 in pixels at `config.levels.width`.

        Raises:
            ValueError: If the network sees another number of frames.
        """
        return self._predicted(self._disparity, pictures)

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Distribution over the levels, for the pixels of the right view.

        Args:
            pictures: As for `disparity`.

        Returns:
            (batch, rows, columns, levels) float32.

        Raises:
            ValueError: If the network sees another number of frames.
        """
        return self._predicted(self._probabilities, pictures)


class XlaPredictor(Predictor):
    """The renderer, too, is a program of XLA, and runs on a GPU if Keras does; see `Predictor`."""

    @functools.cached_property
    def fingerprint(self) -> str:
        """Tells also that the views are not OpenCV's, which differ in their last bits."""
        return f"{super().fingerprint}-xla"

    @staticmethod
    def render_warp(left: np.ndarray, disparity: np.ndarray) -> np.ndarray:
        """As `deep3d.rendering.render_warp`, with its defaults."""
        from deep3d import xla_rendering  # imports Keras

        return xla_rendering.render_warp(left, disparity)


class ColorPredictor(_PictureNetwork):
    """Runs a network without a selection layer, which can be evaluated and cannot convert.

    Args:
        model: Keras model of `build_deep3d`.
        config: Its architecture.
    """

    def __init__(self, model, config: ModelConfig):
        import keras

        self.config = config
        self._right = keras.Model(model.input, model.output["right"])

    def right_views(self, pictures: np.ndarray) -> np.ndarray:
        """Colors of the right views.

        Args:
            pictures: As for `Predictor.disparity`.

        Returns:
            (batch, rows, columns, 3) uint8 RGB.

        Raises:
            ValueError: If the network sees another number of frames.
        """
        return np.rint(255.0 * self._predicted(self._right, pictures)).astype(np.uint8)


def evaluable(model, config: ModelConfig) -> Predictor | ColorPredictor:
    """What evaluates a network, with a selection layer or without.

    Args:
        model: Keras model of `build_deep3d`.
        config: Its architecture.
    """
    return (Predictor if config.selection else ColorPredictor)(model, config)


def scaled(pictures: np.ndarray) -> np.ndarray:
    """uint8 pictures as networks take them, float32 in [0, 1]."""
    return pictures.astype(np.float32) / 255.0
