"""Words in pictures, large enough to be read at their own size."""

import re

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LETTERS = 13  # pixels
# A hyphen before a digit; other hyphens stay what they are.
MINUS = re.compile(r"(-)(?=\d)")


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
    pieces = MINUS.split(text)
    lengths = [font.getlength("+" if piece == "-" else piece) for piece in pieces]
    column = round(place[0] - {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * sum(lengths))
    anchor = f"l{anchor[1]}"
    for piece, length in zip(pieces, lengths, strict=True):
        here = column, place[1]
        if piece == "-":
            _draw_minus(draw, draw.textbbox(here, "+", font, anchor), tuple(color), outline)
        else:
            draw.text(
                here, piece, tuple(color), font, anchor, stroke_width=outline, stroke_fill="black"
            )
        column += length
    return np.array(image)


def _draw_minus(draw, plus, color, outline: int):
    """A bar as wide as a plus would be there, and of two rows.

    The font has a hyphen alone, short and of one row, which a picture shown at half its size loses.
    """
    left, top, right, bottom = map(round, plus)
    middle = (top + bottom) // 2
    bar = (left + 1, middle - 1, right - 2, middle)  # a plus is pale at its ends
    edge = [side + way * outline for side, way in zip(bar, (-1, -1, 1, 1), strict=True)]
    draw.rectangle(edge, "black")
    draw.rectangle(bar, color)
