"""A picture with disparity: what every source of depth, measured or guessed, comes down to.

Sources differ in what their numbers mean (millimetres, relative inverse depth, guesses from
labels), so the unit of `disparity` here is free up to one positive factor and one offset per
picture; `mixture.py` brings all of them to the same composition, and makes right views by it.
"""

import dataclasses

import numpy as np

from deep3d.wording import either

# What a picture shows, for tables by kind of content.
CONTENTS = ("indoor", "street", "nature", "close-up", "film")
LONGEST_SIDE = 480  # pixels, of the pictures that sources yield


@dataclasses.dataclass(frozen=True)
class DepthExample:
    """A left view and what is known of its disparity.

    Attributes:
        name: Unique in its source.
        group: Pictures of one group (a film, a scene, a video) stay on one side of every split.
        content: One of `CONTENTS`.
        left: (h, w, 3) uint8 RGB.
        disparity: (h, w) float32, larger is nearer, affine to true disparity, finite everywhere.
        weight: (h, w) float32 in [0, 1]: how far the disparity can be trusted; 0 is unknown.
    """

    name: str
    group: str
    content: str
    left: np.ndarray
    disparity: np.ndarray
    weight: np.ndarray

    def __post_init__(self):
        if self.content not in CONTENTS:
            raise ValueError(
                f"The content must be one of {either(CONTENTS)}. Received: {self.content!r}"
            )
        size = self.left.shape[:2]
        if self.left.dtype != np.uint8 or self.left.shape != (*size, 3):
            raise ValueError(
                "The left view must be (h, w, 3) uint8. "
                f"Received: {self.left.shape} {self.left.dtype}"
            )
        if self.disparity.shape != size or self.weight.shape != size:
            raise ValueError(
                f"Disparity and weight must have the size of the view, {size}. "
                f"Received: {self.disparity.shape}, {self.weight.shape}"
            )


def size_within(height: int, width: int, longest: int = LONGEST_SIDE) -> tuple[int, int]:
    """Height and width with the same aspect, the longer at most `longest`; never enlarged."""
    scale = min(1.0, longest / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
