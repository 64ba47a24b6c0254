"""SSIM and multi-scale SSIM of luminance, for many pictures against one.

Luminance is by the BT.601 weights. Windows are Gaussian, 11 pixels wide with sigma 1.5, and lie
wholly within the picture. The true picture's part is computed once, however many are compared.

Sources: Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment", 2004 (SSIM, with its
constants K1 = 0.01, K2 = 0.03); Wang, Simoncelli, Bovik, "Multi-scale structural similarity for
image quality assessment", 2003 (MS-SSIM, five scales with its exponents).
"""

import dataclasses

import cv2
import numpy as np

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2
# Exponents of the five scales, the finest first.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@dataclasses.dataclass(frozen=True)
class _Moments:
    """A picture at one scale, (h, w) float32 in 0..1, and its local moments over all windows."""

    luminance: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


class StructuralSimilarity:
    """Compares pictures with a true one.

    MS-SSIM is `prod_j cs_j^w_j * l_M^w_M`: contrast and structure of every scale and luminance of
    the coarsest, each averaged over its windows; an average below 0 counts as 0. The five scales
    need 176 pixels, as a window must fit into the coarsest. A smaller picture has as many scales
    as fit, their exponents divided by their sum; with one scale it is SSIM.

    Args:
        truth: (h, w, 3) uint8 RGB, at least 11 x 11.

    Raises:
        ValueError: If the picture is smaller than the window.
    """

    def __init__(self, truth: np.ndarray):
        if min(truth.shape[:2]) < WINDOW:
            raise ValueError(
                f"Pictures must be at least {WINDOW} x {WINDOW}. Received: {truth.shape}"
            )
        self._truth = [_moments(picture) for picture in _pyramid(truth)]

    @property
    def scales(self) -> int:
        """How many scales fit, 1..5."""
        return len(self._truth)

    def compare(self, prediction: np.ndarray) -> tuple[float, float]:
        """Similarity of a picture to the true one.

        Args:
            prediction: (h, w, 3) uint8 RGB of the same size.

        Returns:
            SSIM and MS-SSIM, 1 for equal pictures.
        """
        terms, whole = [], []
        for truth, picture in zip(self._truth, _pyramid(prediction), strict=True):
            luminance, structure = _similarity(truth, _moments(picture))
            terms.append(cv2.mean(structure)[0])
            if len(terms) in (1, self.scales):
                whole.append(cv2.mean(cv2.multiply(luminance, structure))[0])
        terms[-1] = whole[-1]
        weights = np.array(SCALE_WEIGHTS[: self.scales])
        product = np.prod(np.maximum(terms, 0.0) ** (weights / weights.sum()))
        return whole[0], float(product) if self.scales > 1 else whole[0]


def ssim(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Structural similarity of two pictures.

    Args:
        truth: (h, w, 3) uint8 RGB, at least 11 x 11.
        prediction: The same shape.

    Returns:
        1 for equal pictures.

    Raises:
        ValueError: If the pictures are smaller than the window.
    """
    return StructuralSimilarity(truth).compare(prediction)[0]


def _pyramid(picture: np.ndarray) -> list[np.ndarray]:
    """Luminance in 0..1 at all scales that windows fit into: means of 2 x 2 pixels each time.

    An odd row or column at the end is left out.
    """
    luminance = cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_RGB2GRAY)
    scales = [cv2.multiply(luminance, 1.0 / 255.0)]
    while len(scales) < len(SCALE_WEIGHTS) and min(scales[-1].shape) // 2 >= WINDOW:
        rows, columns = (size // 2 for size in scales[-1].shape)
        even = scales[-1][: 2 * rows, : 2 * columns]
        scales.append(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA))
    return scales


def _moments(luminance: np.ndarray) -> _Moments:
    mean = _gaussian(luminance)
    square = _gaussian(cv2.multiply(luminance, luminance))
    return _Moments(luminance, mean, cv2.subtract(square, cv2.multiply(mean, mean)))


def _similarity(x: _Moments, y: _Moments) -> tuple[np.ndarray, np.ndarray]:
    """Terms of luminance and of contrast and structure for every window."""
    means = x.mean * y.mean
    covariance = _gaussian(cv2.multiply(x.luminance, y.luminance)) - means
    luminance = (2.0 * means + C1) / (x.mean * x.mean + y.mean * y.mean + C1)
    structure = (2.0 * covariance + C2) / (x.variance + y.variance + C2)
    return luminance, structure


def _gaussian(image: np.ndarray) -> np.ndarray:
    profile = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_32F)
    reach = WINDOW // 2
    return cv2.sepFilter2D(image, -1, profile, profile)[reach:-reach, reach:-reach]
