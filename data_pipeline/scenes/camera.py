"""A stereo pair of pinhole cameras with parallel axes and shifted sensors, and how it moves.

World coordinates are metres: x right, y up, z ahead of a camera with yaw 0. Camera coordinates are
x right, y down, z ahead. The eyes sit half a baseline left and right of `position` along the
camera's x axis; sensors are shifted so that points at the convergence distance have no parallax.
With the focal length f in pixels:

    d = x_left - x_right = f * baseline * (1 / z - 1 / convergence)

Pixel centers are at integer coordinates.
"""

import dataclasses
import math

import numpy as np

LEFT, CENTER, RIGHT = -0.5, 0.0, 0.5  # eye positions in baselines


@dataclasses.dataclass(frozen=True)
class Camera:
    """A stereo camera.

    Attributes:
        position: of the point between the eyes, world metres.
        yaw: degrees to the right.
        pitch: degrees upwards.
        roll: degrees clockwise as the camera sees it turn.
        field_of_view: horizontal, degrees.
        baseline: distance of the eyes in metres.
        convergence: distance of the zero-parallax plane in metres.
    """

    position: tuple[float, float, float] = (0.0, 1.6, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    field_of_view: float = 55.0
    baseline: float = 0.06
    convergence: float = 4.0

    def focal_length(self, width: int) -> float:
        """Focal length in pixels of an image `width` pixels wide."""
        return 0.5 * width / math.tan(math.radians(self.field_of_view) / 2)

    def rotation(self) -> np.ndarray:
        """World to camera rotation, float64 (3, 3)."""
        angles = [math.radians(angle) for angle in (self.yaw, self.pitch, self.roll)]
        cos_yaw, cos_pitch, cos_roll = map(math.cos, angles)
        sin_yaw, sin_pitch, sin_roll = map(math.sin, angles)
        right = cos_yaw, 0.0, -sin_yaw  # before the roll, as is down
        down = sin_yaw * sin_pitch, -cos_pitch, cos_yaw * sin_pitch
        return np.array(
            [
                [cos_roll * x + sin_roll * y for x, y in zip(right, down, strict=True)],
                [cos_roll * y - sin_roll * x for x, y in zip(right, down, strict=True)],
                [sin_yaw * cos_pitch, sin_pitch, cos_yaw * cos_pitch],
            ]
        )

    def intrinsics(self, width: int, height: int, eye: float) -> np.ndarray:
        """Projection of middle-camera coordinates to an eye's pixels, float64 (3, 4).

        Args:
            width: of the image in pixels.
            height: of the image in pixels.
            eye: LEFT, CENTER or RIGHT.
        """
        focal = self.focal_length(width)
        shift = eye * focal * self.baseline
        return np.array(
            [
                [focal, 0.0, (width - 1) / 2 + shift / self.convergence, -shift],
                [0.0, focal, (height - 1) / 2, 0.0],
                [0.0, 0.0, 1.0, 0.0],
            ]
        )


@dataclasses.dataclass(frozen=True)
class CameraPath:
    """A camera in motion: constant velocity and turn rates, and the sway of a hand.

    Attributes:
        start: the camera at time 0.
        velocity: metres per second, world.
        yaw_rate: degrees per second.
        pitch_rate: degrees per second.
        shake: deviation of the hand's sway in degrees (and centimetres).
        phases: six phases of the sway in radians.
    """

    start: Camera = Camera()
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw_rate: float = 0.0
    pitch_rate: float = 0.0
    shake: float = 0.0
    phases: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)

    def at(self, time: float) -> Camera:
        """The camera at `time` seconds."""
        sway = [
            self.shake
            * (
                math.sin(2.1 * time * (1 + 0.13 * i) + phase)
                + 0.4 * math.sin(7.3 * time + 2 * phase)
            )
            for i, phase in enumerate(self.phases)
        ]
        start = self.start
        position = tuple(
            p + v * time + 0.01 * s
            for p, v, s in zip(start.position, self.velocity, sway[:3], strict=True)
        )
        return dataclasses.replace(
            start,
            position=position,
            yaw=start.yaw + self.yaw_rate * time + sway[3],
            pitch=start.pitch + self.pitch_rate * time + sway[4],
            roll=start.roll + 0.5 * sway[5],
        )
