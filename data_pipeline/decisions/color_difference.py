"""How differently the two eyes are colored, exposed and focused.

Points that both eyes see should have one color. Rigs with a beam splitter let one camera see the
scene reflected, which polarizes and tints it: a few steps on every film, which stay. A network
that is trained on the right view by absolute error pays for a larger difference at every pixel,
whatever disparity it chooses, and learns to recolor.
"""

import dataclasses
import math
from collections.abc import Sequence

import cv2
import numpy as np

# Matched pixels, of all, by which the eyes are compared point by point. Strong differences spoil
# matching, and what still matches is then no fair sample: the whole pictures are compared.
_MATCHED_SHARE = 0.25
_EDGE = 2.0  # gray steps per pixel from which there is something to be sharp


@dataclasses.dataclass(frozen=True)
class ColorDifference:
    """The right view against the left.

    Attributes:
        mean: Difference of red, green and blue, right minus left, of 255.
        contrast: Standard deviation of the right view's luma over the left's.
        sharpness: Gradients of the right view's luma over the left's, contrast made up for; below 1
            where the right eye is softer.
        matched: Whether it rests on matched pixels; otherwise on all.
    """

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    contrast: float = 1.0
    sharpness: float = 1.0
    matched: bool = False

    @property
    def largest(self) -> float:
        """Difference of the channel that differs most, of 255."""
        return max(map(abs, self.mean))

    def is_refused(self, limits: "ColorLimits") -> bool:
        """Whether a pair or shot with it is refused as `color_mismatch`."""
        return (
            self.largest > limits.mean_below
            or abs(math.log(self.contrast)) > math.log(limits.contrast_below)
            or abs(math.log(self.sharpness)) > math.log(limits.sharpness_below)
        )


@dataclasses.dataclass(frozen=True)
class ColorLimits:
    """Above these a pair is refused.

    Attributes:
        mean_below: Difference of any channel, of 255. Copying the left view to the right errs by
            some 10 steps on films; where color alone costs twice that, disparity is not what is
            learned.
        contrast_below: Ratio of the contrasts, either way: a stop of exposure doubles it.
        sharpness_below: Ratio of the sharpness at the width of matching, either way. Real pairs
            come within 1.05; a blur of 2 px there, one eye clearly out of focus, exceeds 1.7.
    """

    mean_below: float = 20.0
    contrast_below: float = 1.5
    sharpness_below: float = 1.6


def measure_color_difference(
    left: np.ndarray, right: np.ndarray, disparity: np.ndarray | None = None
) -> ColorDifference:
    """Compares the colors of a pair.

    Args:
        left: (h, w, 3) uint8 RGB, at the width of matching.
        right: (h, w, 3) uint8 RGB.
        disparity: (h, w) float32 of the left view in pixels, NaN where nothing matched; None
            compares the whole pictures.

    Returns:
        The difference of the matched pixels, or of the whole pictures where too few match.

    Raises:
        ValueError: If the sizes differ.
    """
    if left.shape != right.shape or (disparity is not None and disparity.shape != left.shape[:2]):
        raise ValueError(
            "Views and disparity must have one size. Received: "
            f"{left.shape}, {right.shape}, {None if disparity is None else disparity.shape}"
        )
    luma = [cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (left, right)]
    detail = [_gradients(one) for one in luma]
    here = there = np.s_[:, :]
    matched = False
    if disparity is not None:
        rows, columns = np.nonzero(np.isfinite(disparity))
        partners = np.rint(columns - disparity[rows, columns]).astype(int)
        inside = (partners >= 0) & (partners < left.shape[1])
        matched = inside.sum() >= _MATCHED_SHARE * disparity.size
        if matched:
            here = (rows[inside], columns[inside])
            there = (rows[inside], partners[inside])
    mean = [
        float(np.mean(right[..., channel][there])) - float(np.mean(left[..., channel][here]))
        for channel in range(3)
    ]
    # One step for each: an even ground has no contrast to compare, only noise.
    contrast = (luma[1][there].std() + 1) / (luma[0][here].std() + 1)
    sharpness = _edge_mean(detail[1][there]) / _edge_mean(detail[0][here]) / contrast
    return ColorDifference(tuple(mean), float(contrast), float(sharpness), bool(matched))


def combine_color_differences(differences: Sequence[ColorDifference]) -> ColorDifference:
    """The median difference of the samples of a shot, each number for itself.

    Args:
        differences: At least one.
    """
    mean = np.median([one.mean for one in differences], axis=0)
    return ColorDifference(
        tuple(float(value) for value in mean),
        float(np.median([one.contrast for one in differences])),
        float(np.median([one.sharpness for one in differences])),
        all(one.matched for one in differences),
    )


def _gradients(luma) -> np.ndarray:
    """Squared change per pixel, (h, w) float32."""
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return across**2 + down**2


def _edge_mean(squared) -> float:
    """Root mean square of the gradients; edges count most, noise on even ground hardly."""
    return math.sqrt(float(squared.mean(dtype=np.float64)) + _EDGE**2)
