"""Drawing on a transparent canvas."""

import cv2
import numpy as np


class Sketch:
    """A drawing at twice the size of the picture that it becomes.

    Lengths are parts of the picture's height; x = 0 is its middle, y = 0 its top. Colors are RGB,
    (3,) in [0, 255].
    """

    def __init__(self, height: int, width: int):
        """Starts an empty drawing for a picture of this size."""
        self._size = (height, width)
        self._image = np.zeros((2 * height, 2 * width, 4), np.uint8)
        self._unit = 2 * height

    def ellipse(self, center, axes, color, start: float = 0, end: float = 360, angle: float = 0):
        """Fills an ellipse, or the part from `start` to `end` degrees clockwise from the right."""
        half = tuple(max(round(axis * self._unit), 1) for axis in axes)
        middle, paint = self._pixel(center), _paint(color)
        cv2.ellipse(self._image, middle, half, angle, start, end, paint, -1, cv2.LINE_AA)

    def line(self, start, end, thickness: float, color):
        """Draws a line with round ends."""
        width = max(round(thickness * self._unit), 1)
        ends = self._pixel(start), self._pixel(end)
        cv2.line(self._image, *ends, _paint(color), width, cv2.LINE_AA)

    def polygon(self, points, color):
        """Fills a convex polygon."""
        corners = np.array([self._pixel(point) for point in points])
        cv2.fillConvexPoly(self._image, corners, _paint(color), cv2.LINE_AA)

    def picture(self, blur: float = 0.0) -> np.ndarray:
        """The finished drawing, uint8 (h, w, 4), softened by `blur` parts of its height."""
        image = self._image
        if blur:
            image = cv2.GaussianBlur(image, (0, 0), blur * self._unit)
        return finish(image, *self._size)

    def _pixel(self, point) -> tuple[int, int]:
        return round(self._size[1] + point[0] * self._unit), round(point[1] * self._unit)


def finish(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Reduces a drawing on a transparent canvas and continues its colors beyond its edges.

    Averaging left the colors multiplied by the opacity; dividing by it undoes that, so that edges
    do not darken.

    Args:
        image: uint8 (H, W, 4).
        height: of the result.
        width: of the result.

    Returns:
        uint8 (height, width, 4).
    """
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    opacity = image[..., 3]
    near = cv2.blur(image, (9, 9))
    spread = cv2.extractChannel(near, 3)
    total = np.array(cv2.mean(image))
    color = np.empty_like(image)
    color[:] = np.clip(total * 255 / max(total[3], 1), 0, 255).astype(np.uint8)
    cv2.copyTo(cv2.divide(near, cv2.merge([spread] * 4), scale=255), spread, color)
    cv2.copyTo(image, cv2.compare(opacity, 250, cv2.CMP_GT), color)
    color[..., 3] = opacity
    return color


def _paint(color) -> tuple[float, ...]:
    return (*(float(value) for value in np.clip(color, 0, 255)), 255.0)
