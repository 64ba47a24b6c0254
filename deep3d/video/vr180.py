"""A flat picture on the inside of a half-sphere: VR180, as headsets show it around the viewer.

Each eye gets a square picture whose columns are longitudes and whose rows are latitudes from -90 to
+90 degrees (equirectangular). A film was taken through a flat window, so it is put on a flat screen
in front of the viewer, `field_of_view` wide, black around it. With the screen at distance 1, a
pixel at longitude a and latitude b looks through the screen at `(tan a, tan b / cos a)`: straight
lines of the film are straight in the headset.

On the sphere, equal places in both eyes mean a point infinitely far away, not one on the screen, so
what a film shows behind its screen would make the eyes diverge. `nearer` moves the eyes' pictures
towards each other by the film's farthest parallax: that becomes infinity.
"""

import dataclasses
import math

import cv2
import numpy as np

# Pixels of 180 degrees: two of them are 5760 wide, which every headset since 2020 decodes.
MAX_SIDE = 2880
FIELDS_OF_VIEW = (20.0, 150.0)


@dataclasses.dataclass(frozen=True)
class Vr180Projection:
    """Puts the two views of a film on half-spheres.

    Attributes:
        width: Width of a view in pixels.
        height: Its height.
        field_of_view: Degrees that the view is wide on the sphere.
        nearer: Pixels of `width` by which everything comes nearer: the parallax, counted
            positive, of what is to be infinitely far away.
        pixel_aspect: Width of a pixel over its height.
    """

    width: int
    height: int
    field_of_view: float = 90.0
    nearer: float = 0.0
    pixel_aspect: float = 1.0

    def __post_init__(self):
        low, high = FIELDS_OF_VIEW
        if not low <= self.field_of_view <= high:
            raise ValueError(
                f"The field of view must be {low:g}..{high:g} degrees. "
                f"Received: {self.field_of_view:g}"
            )

    @property
    def distance(self) -> float:
        """Distance of the screen in units of its pixels, from which its angle follows."""
        return self.width / 2 / math.tan(math.radians(self.field_of_view) / 2)

    @property
    def side(self) -> int:
        """Pixels of 180 degrees: as sharp as the film in the middle, even, at most `MAX_SIDE`."""
        return min(2 * round(math.pi * self.distance / 2), MAX_SIDE)

    def project(self, view: np.ndarray, eye: str) -> np.ndarray:
        """Puts one view on its half-sphere.

        Args:
            view: uint8 (height, width, 3).
            eye: "left" or "right".

        Returns:
            uint8 (side, side, 3), black beside the screen.

        Raises:
            ValueError: If the view has another size or there is no such eye.
        """
        if view.shape[:2] != (self.height, self.width):
            raise ValueError(
                f"The view must be {self.width}x{self.height}. Received: {view.shape[1::-1]}"
            )
        if eye not in ("left", "right"):
            raise ValueError(f"The eye must be left or right. Received: {eye!r}")
        scale = min(1.0, self.side / (math.pi * self.distance))
        if scale < 1.0:  # pixels that the sphere has not are averaged, not skipped
            size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
            view = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
        columns, rows = self._places(*view.shape[1::-1], eye)
        return cv2.remap(view, columns, rows, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT)

    def _places(self, width, height, eye):
        """Where on a view of this size every pixel of the sphere looks: columns and rows."""
        angles = (np.arange(self.side, dtype=np.float32) + 0.5) / self.side - 0.5
        longitude = angles[np.newaxis] * np.float32(math.pi)
        latitude = angles[:, np.newaxis] * np.float32(math.pi)
        # The left eye's picture goes to the right and the right eye's to the left.
        inward = self.nearer / 2 * (1 if eye == "left" else -1)
        across = self.distance * np.tan(longitude) - inward
        down = self.distance * self.pixel_aspect * np.tan(latitude) / np.cos(longitude)
        columns = (across + self.width / 2) * (width / self.width) - 0.5
        rows = (down + self.height / 2) * (height / self.height) - 0.5
        return np.broadcast_to(columns, rows.shape).astype(np.float32), rows.astype(np.float32)
