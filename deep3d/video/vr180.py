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
import functools
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
        largest: Most pixels of 180 degrees.
    """

    width: int
    height: int
    field_of_view: float = 90.0
    nearer: float = 0.0
    pixel_aspect: float = 1.0
    largest: int = MAX_SIDE

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
        """Pixels of 180 degrees: as sharp as the film in the middle, even, at most `largest`."""
        return 2 * int(min(math.pi * self.distance, self.largest) / 2)

    def within(self, max_width: int | None, max_height: int | None) -> "Vr180Projection":
        """The same for a frame, both eyes beside each other, that is not larger than this.

        Args:
            max_width: Most pixels of its width; None is no limit.
            max_height: Most pixels of its height, likewise.
        """
        limits = [self.largest, max_height, max_width and max_width // 2]
        return dataclasses.replace(self, largest=min(limit for limit in limits if limit))

    def project(self, view: np.ndarray, eye: str) -> np.ndarray:
        """Puts one view on its half-sphere.

        Args:
            view: uint8 or uint16 (height, width, 3).
            eye: "left" or "right".

        Returns:
            (side, side, 3) of that type, black beside the screen.

        Raises:
            ValueError: If the view has another size or there is no such eye.
        """
        if view.shape[:2] != (self.height, self.width):
            raise ValueError(
                f"The view must be {self.width}x{self.height}. Received: {view.shape[1::-1]}"
            )
        if eye not in ("left", "right"):
            raise ValueError(f"The eye must be left or right. Received: {eye!r}")
        if view.shape[1::-1] != self._scaled_size:
            view = cv2.resize(view, self._scaled_size, interpolation=cv2.INTER_AREA)
        return cv2.remap(view, *self._places[eye], cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT)

    @property
    def _scaled_size(self):
        """The size of a view as sharp as the sphere: pixels that it lacks are averaged."""
        scale = min(1.0, self.side / (math.pi * self.distance))
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    @functools.cached_property
    def _places(self):
        """Eye -> where on its view every pixel of the sphere looks, in cv2's fixed-point form."""
        return {eye: self._places_of(eye) for eye in ("left", "right")}

    def _places_of(self, eye):
        angles = (np.arange(self.side, dtype=np.float32) + 0.5) / self.side - 0.5
        longitude = angles[np.newaxis] * np.float32(math.pi)
        latitude = angles[:, np.newaxis] * np.float32(math.pi)
        # The left eye's picture goes to the right and the right eye's to the left.
        inward = self.nearer / 2 * (1 if eye == "left" else -1)
        across = self.distance * np.tan(longitude) - inward
        down = self.distance * self.pixel_aspect * np.tan(latitude) / np.cos(longitude)
        width, height = self._scaled_size
        columns = (across + self.width / 2) * (width / self.width) - 0.5
        rows = (down + self.height / 2) * (height / self.height) - 0.5
        # What lies far outside is black wherever it is; cv2's form has 16 bits.
        columns = np.broadcast_to(np.clip(columns, -9, width + 9), rows.shape)
        rows = np.clip(rows, -9, height + 9).astype(np.float32)
        return cv2.convertMaps(columns.astype(np.float32), rows, cv2.CV_16SC2)
