"""TensorBoard pictures of what the network sees: views, disparity, levels, doubt.

Disparity is drawn near = bright. Everything in pixels is also given in % of the width, since that
is what films are compared by.
"""

import cv2
import keras
import numpy as np

from deep3d import config as config_module
from deep3d.config import Experiment
from deep3d.disparity import DisparityLevels, expected_disparity
from deep3d.video import anaglyph

# Pairs of the validation batch that are drawn.
IMAGES = 4


def disparity_picture(disparity: np.ndarray, levels: DisparityLevels) -> np.ndarray:
    """A disparity map as a color picture, near = bright, over the range of the levels.

    Args:
        disparity: (h, w) pixels at `levels.width`.
        levels: They set the ends of the scale.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    low, high = min(levels.values), max(levels.values)
    grey = np.clip((disparity - low) / (high - low) * 255.0, 0, 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of a distribution as a share of the largest possible one.

    Args:
        probabilities: (..., levels) summing to 1.

    Returns:
        (...) in 0..1: 0 is certain, 1 knows nothing.
    """
    p = np.asarray(probabilities)
    bits = -np.sum(p * np.log(np.maximum(p, 1e-12)), axis=-1)
    return bits / np.log(p.shape[-1])


def level_sheet(probabilities: np.ndarray) -> np.ndarray:
    """All level slices of one distribution side by side in rows of four, nearest last.

    Args:
        probabilities: (h, w, levels).

    Returns:
        (rows * h, 4 * w, 1) float in 0..1.
    """
    height, width, count = probabilities.shape
    rows = -(-count // 4)
    sheet = np.zeros((rows * 4, height, width), probabilities.dtype)
    sheet[:count] = np.moveaxis(probabilities, -1, 0)
    sheet = sheet.reshape(rows, 4, height, width).transpose(0, 2, 1, 3)
    return sheet.reshape(rows * height, 4 * width, 1)


class DepthSummaries(keras.callbacks.Callback):
    """Writes scalars while training, and pictures of fixed validation pairs after each round.

    Args:
        folder: Log folder for TensorBoard.
        network: The network of `build_deep3d` whose layers are trained.
        batch: (left, targets) as training has them; the first pairs are drawn.
        experiment: What is trained; shown as text, and gives the levels.
        first_step: Step at which this run begins.
    """

    def __init__(
        self, folder, network: keras.Model, batch, experiment: Experiment, first_step: int = 0
    ):
        super().__init__()
        import tensorflow as tf

        self.tf = tf
        self.writer = tf.summary.create_file_writer(str(folder))
        self.network = network
        left, targets = batch
        right = targets.get("right") if isinstance(targets, dict) else targets
        self.left = np.asarray(left)[:IMAGES]
        self.right = None if right is None else np.asarray(right)[:IMAGES, ..., :3]
        self.experiment = experiment
        self.step = first_step

    def on_train_begin(self, logs=None):
        """Writes the config as text."""
        with self.writer.as_default(step=self.step):
            self.tf.summary.text("config", f"```\n{config_module.to_json(self.experiment)}\n```")

    def on_train_batch_end(self, batch, logs=None):
        """Writes the running means of loss and metrics and the learning rate."""
        self.step += 1
        if self.step % self.experiment.training.summary_every:
            return
        with self.writer.as_default(step=self.step):
            for name, value in (logs or {}).items():
                self.tf.summary.scalar(f"train/{name}", value)
            self.tf.summary.scalar("train/learning_rate", self.model.optimizer.learning_rate)

    def on_epoch_end(self, epoch, logs=None):
        """Writes validation scalars and the pictures."""
        with self.writer.as_default(step=self.step):
            for name, value in (logs or {}).items():
                if name.startswith("val_"):
                    self.tf.summary.scalar(f"validation/{name.removeprefix('val_')}", value)
            self._write_images()
        self.writer.flush()

    def on_train_end(self, logs=None):
        """Closes the log."""
        self.writer.close()

    def _write_images(self):
        levels = self.experiment.model.levels
        outputs = self.network.predict_on_batch(self.left)
        right, left = outputs["right"], self.left[..., :3]  # of several frames the current one
        left_bytes, right_bytes = (
            np.clip(np.rint(view * 255), 0, 255).astype(np.uint8) for view in (left, right)
        )
        truth = {}
        if self.right is not None:
            # four times enlarged: errors of a quarter of the range are white
            error = np.minimum(4.0 * np.abs(right - self.right), 1.0)
            truth = {"2_right": self.right, "5_error": error}
        images = {
            **truth,
            "1_left": left,
            "3_prediction": right,
            "4_anaglyph": np.stack(
                [
                    anaglyph(*pair, "anaglyph_dubois")
                    for pair in zip(left_bytes, right_bytes, strict=True)
                ]
            ),
        }
        if "probabilities" in outputs:  # not without a selection layer
            probabilities = outputs["probabilities"]
            disparity = expected_disparity(probabilities, levels)
            images |= {
                "6_disparity": np.stack([disparity_picture(d, levels) for d in disparity]),
                "7_levels": np.stack([level_sheet(p) for p in probabilities]),
                "8_entropy": entropy(probabilities)[..., np.newaxis],
            }
            percent = 100.0 * disparity / levels.width
            self.tf.summary.histogram("disparity_percent_of_width", percent)
        for name, image in images.items():
            self.tf.summary.image(f"pictures/{name}", image, max_outputs=IMAGES)
