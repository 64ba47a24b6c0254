"""How far a right view is from the true one: MAE, PSNR, SSIM, SIoU.

All take (h, w, 3) uint8 RGB pictures and give one number. NumPy and OpenCV only: a table needs
thousands of them, and convolutions of one channel in a deep-learning framework take ten times as
long.
"""

import cv2
import numpy as np

# Canny's thresholds on 8-bit luminance, and from which difference on two views count as
# different there: the paper that proposed SIoU states neither.
CANNY_THRESHOLDS = (100, 200)
DIFFERENCE_THRESHOLD = 10
EDGE_SHARE = 0.75


def view_scores(left: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """All scores of one predicted right view.

    Args:
        left: (h, w, 3) uint8 left view, from which SIoU counts what has moved.
        truth: The true right view, same shape.
        prediction: The predicted right view, same shape.

    Returns:
        {"mae", "psnr", "ssim", "siou"}.
    """
    return {
        "mae": mean_absolute_error(truth, prediction),
        "psnr": psnr(truth, prediction),
        "ssim": ssim(truth, prediction),
        "siou": siou(left, truth, prediction),
    }


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


def ssim(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Structural similarity of luminance with a Gaussian window of 11 pixels, sigma 1.5.

    Source: Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment", 2004, with its constants
    K1 = 0.01, K2 = 0.03; luminance by the BT.601 weights; windows that fit into the picture only.

    Args:
        truth: (h, w, 3) uint8 RGB, at least 11 x 11.
        prediction: The same shape.

    Returns:
        1 for equal pictures.

    Raises:
        ValueError: If the pictures are smaller than the window.
    """
    if min(truth.shape[:2]) < 11:
        raise ValueError(f"Pictures must be at least 11 x 11. Received: {truth.shape}")
    x, y = (
        cv2.cvtColor(view.astype(np.float32) / 255.0, cv2.COLOR_RGB2GRAY)
        for view in (truth, prediction)
    )
    mean_x, mean_y = _gaussian(x), _gaussian(y)
    variance_x = _gaussian(x * x) - mean_x * mean_x
    variance_y = _gaussian(y * y) - mean_y * mean_y
    covariance = _gaussian(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2.0 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    structure = (2.0 * covariance + c2) / (variance_x + variance_y + c2)
    return float(np.mean(luminance * structure, dtype=np.float64))


def siou(left: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> float:
    """Stereo intersection over union: whether the right things have moved.

    `0.75 IoU(edges(P), edges(R)) + 0.25 IoU(changed(P, L), changed(R, L))` with the true right
    view R, its prediction P and the left view L. `edges` is Canny's detector with the thresholds
    100 and 200, `changed` is where luminance differs by more than 10 of 255. Copying the left
    view has changed nothing, so it loses the second term.

    Source: Yu et al., "Mono2Stereo: A Benchmark and Empirical Study for Stereo Conversion",
    CVPR 2025 (arXiv 2503.22262). It gives the formula and no thresholds, so these figures can be
    compared with each other and not with its tables.

    Args:
        left: (h, w, 3) uint8 RGB.
        truth: The same shape.
        prediction: The same shape.

    Returns:
        0..1, 1 for the true right view.
    """
    left, truth, prediction = (
        cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (left, truth, prediction)
    )
    edges = [cv2.Canny(view, *CANNY_THRESHOLDS) > 0 for view in (truth, prediction)]
    changed = [cv2.absdiff(view, left) > DIFFERENCE_THRESHOLD for view in (truth, prediction)]
    return EDGE_SHARE * _overlap(*edges) + (1.0 - EDGE_SHARE) * _overlap(*changed)


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 1.0


def _gaussian(image: np.ndarray) -> np.ndarray:
    profile = cv2.getGaussianKernel(11, 1.5, cv2.CV_32F)
    return cv2.sepFilter2D(image, -1, profile, profile)[5:-5, 5:-5]
