"""Words in pictures, large enough to be read at their own size."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LETTERS = 13  # pixels


def write(
    picture: np.ndarray,
    place: tuple[float, float],
    text: str,
    color=(0, 0, 0),
    anchor: str = "la",
    outline: int = 0,
) -> np.ndarray:
    """A picture with a line of text.

    Args:
        picture: (h, w, 3) uint8.
        place: Column and row of the anchor.
        text: What is written.
        color: RGB, 0..255.
        anchor: Which point of the text is placed, as Pillow has it: "la" left and top, "ma" middle
            and top, "ra" right and top, "rm" right and middle.
        outline: Pixels of a black outline, which makes light letters readable on any picture.

    Returns:
        (h, w, 3) uint8, a copy.
    """
    image = Image.fromarray(picture)
    font = ImageFont.load_default(LETTERS)
    draw = ImageDraw.Draw(image)
    draw.text(place, text, tuple(color), font, anchor, stroke_width=outline, stroke_fill="black")
    return np.array(image)
