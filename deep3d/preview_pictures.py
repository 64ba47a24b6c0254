"""How a preview looks: a sheet with every moment in a row, and a picture that wiggles.

The wiggle shows the left and the right eye's view in turn, so that depth is seen without glasses.
"""

import dataclasses
import io
import math
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from deep3d.video import anaglyph
from deep3d.wording import clock

TILE_WIDTH = 480
MAX_TILE_HEIGHT = 960
LINE = 24  # pixels of a line of text
# Tried in this order until the wiggle is small enough.
WIGGLE_WIDTHS = (480, 400, 320, 240, 160)
WIGGLE_BYTES = 5_000_000
WIGGLE_MS = 160  # how long one eye's view is shown
WIGGLES = 5  # how often both are, before the next moment


@dataclasses.dataclass(frozen=True)
class Moment:
    """One moment of a film in 3D, or a picture.

    Attributes:
        time_s: When it is, in seconds as players show them; None for a picture.
        picture: uint8 (h, w, 3) RGB with square pixels, as it is.
        left: The same size, as the left eye sees it.
        right: As the right eye sees it.
        parallax: (rows, columns) in % of the width, positive in front of the screen.
    """

    time_s: float | None
    picture: np.ndarray
    left: np.ndarray
    right: np.ndarray
    parallax: np.ndarray


def contact_sheet(
    moments: Sequence[Moment], heading: str, ends: tuple[float, float], method: str
) -> bytes:
    """Every moment as picture, parallax and anaglyph, below each other.

    Args:
        moments: At least one, all of one shape.
        heading: First line of the sheet.
        ends: Parallax in % of the width that is black, and that is white.
        method: One of `deep3d.video.ANAGLYPHS`.

    Returns:
        The content of a PNG file.
    """
    height, width = _size(moments[0].picture, TILE_WIDTH)[::-1]
    tall = LINE + len(moments) * (LINE + height)
    low, high = ends
    first = f"{heading}; parallax from {low:+.1f} % of the width (black) to {high:+.1f} % (white)"
    wide = max(3 * width, 12 + math.ceil(_font().getlength(first)))  # of small pictures the text
    sheet = Image.new("RGB", (wide, tall), "white")
    draw = ImageDraw.Draw(sheet)
    _write(draw, (6, 2), first, "black")
    for row, moment in enumerate(moments):
        top = LINE + row * (LINE + height)
        _write(draw, (6, top + 2), _caption(moment), "black")
        tiles = (
            moment.picture,
            _parallax_picture(moment.parallax, ends),
            anaglyph(moment.left, moment.right, method),
        )
        for column, tile in enumerate(tiles):
            shown = Image.fromarray(_resized(tile, (width, height)))
            sheet.paste(shown, (column * width, top + LINE))
    return _encoded(sheet, "PNG")


def wiggle(moments: Sequence[Moment], turns: int = WIGGLES) -> bytes:
    """The two views of every moment in turn, one moment after the other, over and over.

    Args:
        moments: At least one, all of one shape.
        turns: How often both views of a moment are shown before the next one.

    Returns:
        The content of a GIF file, below `WIGGLE_BYTES` if any width brings it there.
    """
    for width in WIGGLE_WIDTHS:
        data = _wiggle(moments, _size(moments[0].left, width), turns)
        if len(data) < WIGGLE_BYTES:
            break
    return data


def _wiggle(moments, size, turns: int) -> bytes:
    frames = []
    for moment in moments:
        views = [_labelled(_resized(view, size), moment) for view in (moment.left, moment.right)]
        palette = _palette(views)
        # Without dither, which would differ between the views and flicker.
        pair = [view.quantize(palette=palette, dither=Image.Dither.NONE) for view in views]
        frames += turns * pair
    file = io.BytesIO()
    rest = {"save_all": True, "append_images": frames[1:], "duration": WIGGLE_MS, "loop": 0}
    frames[0].save(file, "GIF", optimize=False, disposal=1, **rest)
    return file.getvalue()


def _palette(views):
    """One palette for both views, so that what does not move does not flicker."""
    both = Image.new("RGB", (views[0].width, 2 * views[0].height))
    for number, view in enumerate(views):
        both.paste(view, (0, number * view.height))
    return both.quantize(256, method=Image.Quantize.MEDIANCUT)


def _labelled(view, moment):
    picture = Image.fromarray(view)
    if moment.time_s is not None:
        place = 6, picture.height - LINE + 2
        _write(ImageDraw.Draw(picture), place, clock(moment.time_s), "white", outline=2)
    return picture


def _caption(moment) -> str:
    parallax = f"parallax {moment.parallax.min():+.1f} to {moment.parallax.max():+.1f} %"
    return parallax if moment.time_s is None else f"{clock(moment.time_s)}   {parallax}"


def _parallax_picture(parallax, ends):
    low, high = ends
    gray = np.rint(np.clip((parallax - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    return np.repeat(gray[..., np.newaxis], 3, axis=2)


def _size(picture, width):
    """Width and height of a tile, the aspect kept."""
    height, whole = picture.shape[:2]
    width = min(width, round(whole * MAX_TILE_HEIGHT / height), whole)
    return max(1, width), max(1, round(width * height / whole))


def _resized(picture, size):
    larger = size[0] > picture.shape[1]
    return cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)


def _write(draw, place, text, color, outline=0):
    draw.text(place, text, color, font=_font(), stroke_width=outline, stroke_fill="black")


def _font():
    return ImageFont.load_default(LINE - 9)


def _encoded(picture, kind) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()
