"""What air, lens and sensor do to a view: haze, depth of field, vignetting, tone and noise.

Everything but the noise depends on the scene alone, so that both eyes show a point in the same
color.
"""

import functools

import cv2
import numpy as np

from data_pipeline.scenes.scene import Look

_REFERENCE_WIDTH = 432  # pixels; blurs in Look are stated at this width
_NOISE_SIZE = 512
_COARSE = 2.0  # pixels
_BEYOND = 1e-5  # 1 / metre; below this is sky, which contains its haze


def develop(
    color: np.ndarray, inverse_depth: np.ndarray, look: Look, rng: np.random.Generator
) -> np.ndarray:
    """Turns linear scene colors into the camera's picture.

    Args:
        color: uint8 (h, w, 3) RGB.
        inverse_depth: float32 (h, w), 1 / metre.
        look: the shot's light and camera response.
        rng: of the noise.

    Returns:
        uint8 (h, w, 3) RGB.
    """
    height, width = inverse_depth.shape
    image = np.ascontiguousarray(color)
    if look.haze_distance:
        image = _add_haze(image, inverse_depth, look)
    scale = width / _REFERENCE_WIDTH
    if look.focus and look.aperture:
        image = _defocus(image, inverse_depth, look, scale)
    if look.softness * scale > 0.25:
        image = cv2.GaussianBlur(image, (0, 0), look.softness * scale)
    if look.vignette:
        image = cv2.multiply(image, _vignette(height, width, look.vignette), dtype=cv2.CV_8U)
    image = cv2.LUT(image, _tone_table(look.exposure, look.gamma))
    if look.noise:
        image = cv2.add(image, _noise(height, width, look.noise, rng), dtype=cv2.CV_8U)
    return image


def _add_haze(image: np.ndarray, inverse_depth: np.ndarray, look: Look) -> np.ndarray:
    """Fades towards the background color as exp(-depth / haze_distance) (Koschmieder's law)."""
    with np.errstate(divide="ignore"):
        clear = np.exp(-1 / (inverse_depth * np.float32(look.haze_distance)))
    clear[inverse_depth < _BEYOND] = 1
    haze = np.empty_like(image)
    haze[:] = np.round(look.background).astype(np.uint8)
    return cv2.blendLinear(image, haze, clear, 1 - clear)


def _defocus(image: np.ndarray, inverse_depth: np.ndarray, look: Look, scale: float) -> np.ndarray:
    """Blurs what is behind the focus, then what is before it, by their distance in 1 / metre.

    The background is blurred by itself (colors of sharp things do not spread into it); a blurred
    foreground spreads over what is behind.
    """
    offset = (inverse_depth - np.float32(1 / look.focus)) * np.float32(look.aperture * scale)
    tolerance = np.float32(0.6)
    for step in (0.35, 1.0):
        sigma = step * float(np.clip(-offset.min(), 0, 6 * scale))
        if sigma > 0.5:
            weight = np.clip((-offset - tolerance * step) / max(0.7 * sigma, 0.5), 0, 1)
            image = _mix(image, _masked_blur(image, weight + np.float32(1e-3), sigma), weight)
    sigma = float(np.clip(offset.max(), 0, 5 * scale))
    if sigma > 0.5:
        weight = np.clip((offset - tolerance) / max(0.7 * sigma, 0.5), 0, 1)
        spread = cv2.GaussianBlur(weight, (0, 0), 0.6 * sigma)
        image = _mix(image, _masked_blur(image, weight + np.float32(1e-3), 0.6 * sigma), spread)
    return image


def _masked_blur(image: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean of the colors, each pixel counting by its weight; uint8 (h, w, 3)."""
    weight = np.ascontiguousarray(weight, np.float32)
    planes = [cv2.multiply(plane, weight, dtype=cv2.CV_32F) for plane in cv2.split(image)]
    weighted, size = cv2.merge([*planes, weight]), weight.shape[::-1]
    if sigma > _COARSE:  # nothing is left that half the size would not show
        weighted = cv2.resize(weighted, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        weighted = cv2.resize(cv2.GaussianBlur(weighted, (0, 0), sigma / 2), size)
    else:
        weighted = cv2.GaussianBlur(weighted, (0, 0), sigma)
    *planes, weight = cv2.split(weighted)
    return cv2.merge([cv2.divide(plane, weight, dtype=cv2.CV_8U) for plane in planes])


def _mix(image: np.ndarray, other: np.ndarray, weight: np.ndarray) -> np.ndarray:
    weight = np.ascontiguousarray(weight, np.float32)
    return cv2.blendLinear(other, image, weight, 1 - weight)


def _vignette(height: int, width: int, strength: float) -> np.ndarray:
    return cv2.merge([1 - np.float32(strength) * _distance_cubed(height, width)] * 3)


@functools.lru_cache(maxsize=8)
def _distance_cubed(height: int, width: int) -> np.ndarray:
    """From the middle, 1 in the corners: float32 (h, w)."""
    v, u = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (((u * u + v * v) / 2) ** 1.5).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _tone_table(exposure: tuple[float, float, float], gamma: float) -> np.ndarray:
    """Exposure, a gentle shoulder instead of clipping, and gamma; uint8 (256, 1, 3)."""
    levels = np.arange(256)[:, None] / 255 * np.asarray(exposure)[None]
    shoulder = np.where(levels < 0.8, levels, 0.8 + 0.2 * np.tanh((levels - 0.8) / 0.2))
    return np.round(255 * shoulder**gamma).astype(np.uint8)[:, None]


def _noise(height: int, width: int, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Noise (h, w, 3) int16: a random part of a fixed field, repeated in larger pictures."""
    field = _noise_field(round(deviation * 4))
    row, column = (int(v) for v in rng.integers(0, _NOISE_SIZE, 2))
    rows = (np.arange(height) + row) % _NOISE_SIZE
    columns = (np.arange(width) + column) % _NOISE_SIZE
    return np.take(np.take(field, rows, axis=0), columns, axis=1)


@functools.lru_cache(maxsize=16)
def _noise_field(quarters: int) -> np.ndarray:
    rng = np.random.default_rng([20160413, quarters])
    shared = rng.standard_normal((_NOISE_SIZE, _NOISE_SIZE, 1))
    own = rng.standard_normal((_NOISE_SIZE, _NOISE_SIZE, 3))
    return np.round(quarters / 4 * (0.8 * shared + 0.6 * own)).astype(np.int16)
