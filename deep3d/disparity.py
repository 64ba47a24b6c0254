"""The sign, the unit and the levels of disparity, once and for all.

Disparity is `d = x_left - x_right` in pixels at a stated image width. Positive is in front of the
screen and nearer is larger, so the right view is made by `right(x) = left(x + d)`. The first Deep3D
(MXNet) counted the other way round, its 2017 TensorFlow port as here.

Everything below is plain arithmetic, so it takes NumPy arrays and tensors of any backend alike, and
importing this module loads no deep-learning framework.
"""

import dataclasses
import math

import numpy as np

# More levels than this cannot be meant: the widest published range is 65, and every level costs a
# pass over the image.
MAX_LEVELS = 256


@dataclasses.dataclass(frozen=True)
class DisparityLevels:
    """The disparities that a model chooses from: `d_k = minimum + k * step`, k = 0..count-1.

    Attributes:
        minimum: First level in pixels at `width`.
        step: Distance of neighbouring levels in pixels at `width`; may be fractional or negative.
        count: Number of levels, 2..256.
        width: Image width in pixels at which `minimum` and `step` are meant.
        empty: Whether an additional first channel stands for "no level": it takes probability
            and contributes no pixels, as label 0 of the original's 33 labels.
    """

    minimum: float = -8.0
    step: float = 1.0
    count: int = 16
    width: int = 384
    empty: bool = False

    def __post_init__(self):
        if not 2 <= self.count <= MAX_LEVELS:
            raise ValueError(
                f"The number of disparity levels must be 2..{MAX_LEVELS}. Received: {self.count}"
            )
        if not (math.isfinite(self.minimum) and math.isfinite(self.step)) or self.step == 0:
            raise ValueError(
                "The first disparity level must be finite and the step finite and not 0. "
                f"Received: minimum={self.minimum}, step={self.step}"
            )
        if self.width < 1:
            raise ValueError(f"The width of the levels must be at least 1. Received: {self.width}")

    @property
    def values(self) -> tuple[float, ...]:
        """The levels in pixels at `width`, without the empty one."""
        return tuple(self.minimum + k * self.step for k in range(self.count))

    @property
    def channels(self) -> int:
        """Channels of the distribution: the levels and, where there is one, the empty label."""
        return self.count + int(self.empty)


def expected_disparity(probabilities, levels: DisparityLevels):
    """Expectation of a distribution over disparity levels, `sum_k p_k d_k`.

    With an empty label the expectation is that of the remaining levels, renormalised.

    Args:
        probabilities: (..., channels) array or tensor, summing to 1 over the last axis.
        levels: The levels; `levels.channels` must equal the last axis.

    Returns:
        (...) expected disparity in pixels at `levels.width`.

    Raises:
        ValueError: If the last axis does not fit the levels.
    """
    if probabilities.shape[-1] != levels.channels:
        raise ValueError(
            f"The last axis must have {levels.channels} channels. "
            f"Received: shape {tuple(probabilities.shape)}"
        )
    values = np.asarray(levels.values, "float32")[:, np.newaxis]
    if not levels.empty:
        return (probabilities @ values)[..., 0]
    some_level = probabilities[..., 1:]
    # 1e-6 keeps a pixel that is all "empty" finite; it then reads as disparity 0.
    total = some_level @ np.ones_like(values)
    return (some_level @ values / (total + 1e-6))[..., 0]


def rescale_disparity(disparity, from_width: float, to_width: float):
    """Disparity in pixels at `to_width`, given in pixels at `from_width`.

    Args:
        disparity: Number, array or tensor in pixels at `from_width`.
        from_width: Image width at which the disparity was measured, > 0.
        to_width: Image width at which it is wanted, > 0.

    Returns:
        `disparity * to_width / from_width`.

    Raises:
        ValueError: If a width is not positive.
    """
    if from_width <= 0 or to_width <= 0:
        raise ValueError(f"Widths must be positive. Received: {from_width}, {to_width}")
    return disparity * (to_width / from_width)


def disparity_from_depth(depth, baseline: float, focal_length: float, convergence: float):
    """Disparity of a point at a depth, for parallel cameras with shifted sensors.

    `d = focal_length * baseline * (1 / depth - 1 / convergence)`: 0 at the convergence distance,
    positive before it, and at infinity `-focal_length * baseline / convergence`.

    Args:
        depth: Distance along the optical axis, in the unit of `baseline`, > 0.
        baseline: Distance of the two cameras.
        focal_length: Focal length in pixels of the image width at which disparity is wanted.
        convergence: Distance of zero parallax; `math.inf` for parallel cameras without shift.

    Returns:
        Disparity in pixels, with the shape of `depth`.

    Raises:
        ValueError: If `convergence` or `focal_length` is not positive.
    """
    if convergence <= 0 or focal_length <= 0:
        raise ValueError(
            "Convergence distance and focal length must be positive. "
            f"Received: {convergence}, {focal_length}"
        )
    return focal_length * baseline * (1.0 / depth - 1.0 / convergence)


def depth_from_disparity(disparity, baseline: float, focal_length: float, convergence: float):
    """Inverse of `disparity_from_depth`, with the same arguments and units.

    Args:
        disparity: Disparity in pixels, greater than that of infinity.
        baseline: Distance of the two cameras, not 0.
        focal_length: Focal length in pixels.
        convergence: Distance of zero parallax.

    Returns:
        Depth in the unit of `baseline`, with the shape of `disparity`.

    Raises:
        ValueError: If `convergence` or `focal_length` is not positive or `baseline` is 0.
    """
    if convergence <= 0 or focal_length <= 0 or baseline == 0:
        raise ValueError(
            "Convergence distance and focal length must be positive and the baseline not 0. "
            f"Received: {convergence}, {focal_length}, {baseline}"
        )
    return 1.0 / (disparity / (focal_length * baseline) + 1.0 / convergence)
