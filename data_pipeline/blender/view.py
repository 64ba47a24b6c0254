"""The stereo camera of rendered scenes, its depth budget, and how light becomes a picture.

Parallel cameras half a baseline left and right of `position` with shifted sensors, so that

    d = x_left - x_right = focal * baseline * (1 / z - 1 / convergence)

in parts of the picture's width where `focal` is (see deep3d.disparity). The budget of a shot is
chosen from its own depths, as films do (Mendiburu 2009, "3D Movie Making").
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

# Disparity in parts of the width: -8..+7 px at 384, with a little margin.
_FARTHEST, _NEAREST = -0.95 * 8 / 384, 0.95 * 7 / 384
LEFT, RIGHT = -0.5, 0.5  # eye positions in baselines


@dataclasses.dataclass(frozen=True)
class View:
    """Where the stereo camera stands and what it looks at.

    Attributes:
        position: of the point between the eyes, metres (x right, y ahead, z up).
        yaw: degrees to the right.
        pitch: degrees upwards.
        roll: degrees.
        focal: focal length in parts of the picture's width.
        focus: distance in metres of what is sharp, or None: everything is.
        aperture: diameter of the lens in metres, where there is a focus.
        velocity: metres per frame of a shot.
        yaw_rate: degrees per frame of a shot.
        baseline: distance of the eyes in metres.
        convergence: distance of zero parallax in metres.
    """

    position: tuple[float, float, float] = (0.0, 0.0, 1.6)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    focal: float = 0.9
    focus: float | None = None
    aperture: float = 0.0
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw_rate: float = 0.0
    baseline: float = 0.06
    convergence: float = 4.0

    def at(self, frame: int) -> "View":
        """The view `frame` frames later."""
        position = tuple(p + frame * v for p, v in zip(self.position, self.velocity, strict=True))
        return dataclasses.replace(self, position=position, yaw=self.yaw + frame * self.yaw_rate)

    def sensor_shift(self, eye: float) -> float:
        """Shift of an eye's sensor to the right, in parts of the picture's width."""
        return -eye * self.focal * self.baseline / self.convergence

    def eye_offset(self, eye: float) -> float:
        """Metres by which an eye stands to the right of `position`."""
        return eye * self.baseline


def aim(position: Sequence[float], target: Sequence[float]) -> tuple[float, float]:
    """Yaw and pitch in degrees of a camera that looks from one point at another."""
    x, y, z = (float(b - a) for a, b in zip(position, target, strict=True))
    return math.degrees(math.atan2(x, y)), math.degrees(math.atan2(z, math.hypot(x, y)))


def random_focal(rng: np.random.Generator, shortest: float, longest: float) -> float:
    """A focal length in parts of the width: 0.6 is a wide-angle lens, 2 a long one."""
    return float(math.exp(rng.uniform(math.log(shortest), math.log(longest))))


def fit_stereo(rng: np.random.Generator, view: View, depth: np.ndarray) -> View:
    """Chooses baseline and convergence such that a scene uses a film-like depth budget.

    Args:
        rng: decides how deep the shot is and how much of it comes before the screen.
        view: the camera.
        depth: (h, w) metres along the axis, infinite where there is sky; a small picture does.

    Returns:
        The view with baseline and convergence.
    """
    inverse = 1 / np.maximum(depth, 1e-3)
    lowest, far, near, highest = (float(v) for v in np.percentile(inverse, (0.2, 5, 95, 99.8)))
    wanted = rng.uniform(0.006, 0.02) if rng.random() < 0.12 else rng.uniform(0.024, 0.036)
    scale = min(
        wanted / max(near - far, 1e-3), (_NEAREST - _FARTHEST) / max(highest - lowest, 1e-3)
    )
    before_screen = min(rng.uniform(-0.05, 0.6) * scale * (near - far), 0.015)
    zero = near - before_screen / scale
    zero = float(np.clip(zero, highest - _NEAREST / scale, lowest - _FARTHEST / scale))
    return dataclasses.replace(view, baseline=scale / view.focal, convergence=1 / max(zero, 1e-4))


def is_worth_seeing(
    depth: np.ndarray, nearest: float, farthest: float, filled: float = 0.75
) -> bool:
    """Whether a view has depth to learn from and nothing hides it.

    Args:
        depth: (h, w) metres, infinite where there is sky.
        nearest: metres; hardly anything may be nearer.
        farthest: metres; something must be farther.
        filled: how near the middle of all depths may be, in parts of the nearest (1 / metre).
    """
    inverse = 1 / np.maximum(depth, 1e-3)
    closest, near, middle, far = (float(v) for v in np.percentile(inverse, (99, 95, 50, 5)))
    blocked = middle > filled * near
    in_range = closest < 1 / nearest and far < 1 / farthest
    return bool(in_range and not blocked and near - far > 0.3 * near)


def develop(rng: np.random.Generator, light: np.ndarray) -> "Development":
    """Chooses exposure and colours from the left view's light.

    Args:
        rng: decides taste.
        light: (h, w, 3) float32 linear light.
    """
    luminance = light @ np.array([0.2126, 0.7152, 0.0722])
    # Above there is often sky, which may be overexposed.
    lower = luminance[len(luminance) // 3 :]
    middle = math.exp(float(np.log(lower + 1e-4).mean()))
    bright = float(np.percentile(luminance, 96))
    exposure = min(
        0.22 * math.exp(rng.normal(0, 0.3)) / middle, rng.uniform(2.0, 6.0) / max(bright, 1e-4)
    )
    warmth = rng.normal(0, 0.06)
    return Development(
        exposure=tuple((exposure * np.exp([warmth, 0.0, -warmth])).tolist()),
        contrast=float(rng.uniform(0.85, 1.2)),
        saturation=float(rng.uniform(0.7, 1.15)),
    )


@dataclasses.dataclass(frozen=True)
class Development:
    """How linear light becomes an 8-bit picture: exposure, film curve, saturation.

    Attributes:
        exposure: factor of each colour.
        contrast: exponent of the curve.
        saturation: 0 grey, 1 as it is.
    """

    exposure: tuple[float, float, float]
    contrast: float
    saturation: float

    def picture(self, light: np.ndarray) -> np.ndarray:
        """The (h, w, 3) uint8 RGB picture of (h, w, 3) float32 linear light."""
        light = np.maximum(light * np.asarray(self.exposure, np.float32), 0)
        # K. Narkowicz's fit of the ACES film curve (2016), scaled to map 0.18 to about itself
        x = light * 0.6
        curve = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
        encoded = np.clip(curve, 0, 1) ** (self.contrast / 2.2)
        grey = encoded.mean(2, keepdims=True)
        encoded = grey + (encoded - grey) * self.saturation
        return np.round(np.clip(encoded, 0, 1) * 255).astype(np.uint8)
