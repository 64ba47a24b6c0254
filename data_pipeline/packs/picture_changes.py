"""Changes of a picture that leave its depth as it is: color, focus, grain, compression.

Films and photographs differ in all of these, and the network must not learn depth from them;
shallow focus, on the other hand, is how films are shot, and is put in by depth.
"""

import cv2
import numpy as np

from data_pipeline.packs.depth_example import DepthExample


def change_picture(example: DepthExample, rng: np.random.Generator) -> np.ndarray:
    """A changed copy of the picture.

    Args:
        example: The picture and its disparity.
        rng: Decides everything.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    picture = example.left
    if rng.random() < 0.15:
        picture = _shallow_focus(picture, example.disparity, rng)
    picture = _graded(picture, rng)
    if rng.random() < 0.1:
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.3:
        grain = rng.normal(0.0, rng.uniform(1.0, 8.0), picture.shape[:2])
        changed = picture + grain[..., np.newaxis].astype(np.float32)
        picture = np.clip(changed, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        picture = _compressed(picture, int(rng.integers(30, 90)))
    return picture


def _graded(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast, gamma and a cast as one curve for each color; then saturation."""
    gamma = np.exp(rng.normal(0.0, 0.2))
    contrast = np.exp(rng.normal(0.0, 0.15))
    offset = rng.normal(0.0, 0.05)
    cast = np.exp(rng.normal(0.0, 0.06, 3))
    steps = np.linspace(0.0, 1.0, 256)[:, np.newaxis] ** gamma
    curves = np.clip((steps * cast - 0.5) * contrast + 0.5 + offset, 0.0, 1.0)
    picture = cv2.LUT(picture, np.rint(255 * curves).astype(np.uint8)[np.newaxis])
    saturation = float(np.clip(rng.normal(1.0, 0.2), 0.3, 1.6))
    gray = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(picture, saturation, gray, 1.0 - saturation, 0.0)


def _shallow_focus(
    picture: np.ndarray, disparity: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Blurs what lies behind the nearest third, more the farther away it is."""
    low, high = np.percentile(disparity, (5, 95))
    depth = np.clip((high - disparity) / max(high - low, 1e-6), 0.0, 1.0)
    sharpness = cv2.blur(np.clip(1.5 - 2.0 * depth, 0.0, 1.0).astype(np.float32), (3, 3))
    sharpness = sharpness[..., np.newaxis]
    blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(1.5, 5.0))
    return np.rint(sharpness * picture + (1.0 - sharpness) * blurred).astype(np.uint8)


def _compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)
