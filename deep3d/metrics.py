"""How far a right view is from the true one: errors, similarity, and whether the right has moved.

All take (h, w, 3) uint8 RGB pictures and give one number. NumPy and OpenCV only: a table needs
thousands of them, and convolutions of one channel in a deep-learning framework take ten times as
long.
"""

import cv2
import numpy as np

from deep3d import bands
from deep3d.structural_similarity import StructuralSimilarity

# From which difference of 8-bit luminance on two views count as different: the paper that proposed
# SIoU states neither this nor Canny's thresholds.
DIFFERENCE_THRESHOLD = 10
EDGE_SHARE = 0.75


class ViewScorer:
    """Scores predictions of one right view; what depends on the truth is computed once.

    SIoU, stereo intersection over union, asks whether the right things have moved:
    `0.75 IoU(edges(P), edges(R)) + 0.25 IoU(changed(P, L), changed(R, L))` with the true right
    view R, its prediction P and the left view L. `edges` is Canny's detector with the thresholds
    100 and 200, `changed` is where luminance differs by more than 10 of 255. Copying the left
    view has changed nothing, so it loses the second term.
    Source: Yu et al., "Mono2Stereo: A Benchmark and Empirical Study for Stereo Conversion",
    CVPR 2025 (arXiv 2503.22262). It gives the formula and no thresholds, so these figures can be
    compared with each other and not with its tables.

    Args:
        left: (h, w, 3) uint8 left view, from which SIoU counts what has moved.
        truth: The true right view, same shape, at least 11 x 11.
        disocclusions: (h, w) uint8 band of `bands.disocclusion_band`; None if it is not known.

    Raises:
        ValueError: If the views are smaller than a window of SSIM.
    """

    def __init__(
        self, left: np.ndarray, truth: np.ndarray, disocclusions: np.ndarray | None = None
    ):
        self._truth = truth
        self._left_grey = _grey(left)
        truth_grey = _grey(truth)
        self._edges = bands.canny_edges(truth_grey)
        self._changed = _changed(truth_grey, self._left_grey)
        self._similarity = StructuralSimilarity(truth)
        self._bands = {
            "edge_mae": bands.edge_band(self._edges),
            "disocclusion_mae": disocclusions,
            "border_mae": bands.border_band(*truth.shape[:2]),
        }

    @property
    def scales(self) -> int:
        """Number of scales of MS-SSIM that fit into the picture, 1..5."""
        return self._similarity.scales

    def scores(self, prediction: np.ndarray) -> dict[str, float | None]:
        """All scores of one predicted right view.

        Args:
            prediction: (h, w, 3) uint8.

        Returns:
            {"mae", "psnr", "ssim", "ms_ssim", "siou", "edge_mae", "disocclusion_mae",
            "border_mae"}; None where a band is empty or unknown.
        """
        difference = cv2.absdiff(self._truth, prediction)
        similarity, multi_scale = self._similarity.compare(prediction)
        return {
            "mae": mean_absolute_error(self._truth, prediction),
            "psnr": psnr(self._truth, prediction),
            "ssim": similarity,
            "ms_ssim": multi_scale,
            "siou": self._siou(_grey(prediction)),
            **{
                name: None if band is None else bands.band_error(difference, band)
                for name, band in self._bands.items()
            },
        }

    def _siou(self, grey: np.ndarray) -> float:
        edges = _overlap(self._edges, bands.canny_edges(grey))
        changed = _overlap(self._changed, _changed(grey, self._left_grey))
        return EDGE_SHARE * edges + (1.0 - EDGE_SHARE) * changed


def mean_absolute_error(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Mean absolute error on the scale 0..255, as the paper reports it.

    Args:
        truth: (h, w, 3) uint8.
        prediction: The same shape.

    Returns:
        0..255.
    """
    return float(cv2.norm(truth, prediction, cv2.NORM_L1) / truth.size)


def psnr(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Peak signal-to-noise ratio, `10 log10(255^2 / mean squared error)`.

    Args:
        truth: (h, w, 3) uint8.
        prediction: The same shape.

    Returns:
        dB; 100 for equal pictures.
    """
    error = cv2.norm(truth, prediction, cv2.NORM_L2SQR) / truth.size / 255.0**2
    return float(-10.0 * np.log10(max(error, 1e-10)))


def _grey(view: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)


def _changed(grey: np.ndarray, left: np.ndarray) -> np.ndarray:
    return cv2.compare(cv2.absdiff(grey, left), DIFFERENCE_THRESHOLD, cv2.CMP_GT)


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the pixels marked in either mask that are marked in both; 1 for two empty ones."""
    union = cv2.countNonZero(cv2.bitwise_or(first, second))
    return cv2.countNonZero(cv2.bitwise_and(first, second)) / union if union else 1.0
