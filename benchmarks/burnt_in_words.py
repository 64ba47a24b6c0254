"""Words and marks that are part of a film's picture: subtitles, title cards, credits, logos."""

import dataclasses
import functools

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# The first that is installed; Pillow brings a font of its own.
_FONTS = {
    "sans": ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Arial.ttf"),
    "bold": ("DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "Arial_Bold.ttf"),
    "serif": ("DejaVuSerif.ttf", "LiberationSerif-Regular.ttf", "Times.ttf"),
    "oblique": ("DejaVuSansCondensed-Oblique.ttf", "LiberationSans-Italic.ttf"),
}
# name -> font, color, what sets the words off the picture
STYLES = {
    "outline": ("sans", (255, 255, 255), "outline"),
    "yellow": ("bold", (250, 226, 60), "outline"),
    "shadow": ("serif", (240, 240, 236), "shadow"),
    "box": ("sans", (255, 255, 255), "box"),
    "oblique": ("oblique", (230, 234, 240), "outline"),
    "thin": ("sans", (225, 225, 225), "shadow"),
}
_SENTENCES = (
    "The boat leaves at seven.",
    "Nobody told me about the garden.",
    "Wait, I know that tune!",
    "You were right. It never was the clock.",
    "Où est la clé de la cave ?",
    "Three days, and still no letter.",
    "Das hätte ich dir gleich sagen können.",
    "- Who is there?",
    "- Only the wind.",
    "Keep the lamp low and follow me",
    "past the mill, then over the bridge.",
    "¿Y ahora qué hacemos?",
    "[door creaks]",
    "I would have painted it blue.",
    "Go.",
)
_TITLES = ("NORTH OF HERE", "The Glass Orchard", "chapter four", "SEVEN TIDES", "a quiet machine")
_ROLES = ("Camera", "Light", "Sound", "Carpenter", "Second Violin", "Kite Maker", "Catering")
_NAMES = ("A. Moreau", "Lind & Sons", "T. Okafor", "Mara Vell", "J. Quist", "P. Ó Briain")


@dataclasses.dataclass(frozen=True)
class Subtitle:
    """Words burnt into both eyes.

    Attributes:
        style: One of `STYLES`.
        lines: One or two.
        from_share: When they appear, as a share of the shot.
        to_share: When they vanish.
        disparity_percent: Common to all words, in percent of the width, positive in front.
        height_percent: Size of the letters in percent of the view's height.
        place: Distance of their lower edge from that of the view, in percent of its height.
    """

    style: str = "outline"
    lines: int = 1
    from_share: float = 0.15
    to_share: float = 1.0
    disparity_percent: float = 0.0
    height_percent: float = 5.0
    place: float = 6.0


class SubtitlePicture:
    """The words of a subtitle with what sets them off, to be laid over frames of one size."""

    def __init__(self, subtitle: Subtitle, size: tuple[int, int], seed: int):
        width, height = size
        rng = np.random.default_rng([seed, 31])
        first = int(rng.integers(len(_SENTENCES)))
        text = "\n".join(_SENTENCES[(first + k) % len(_SENTENCES)] for k in range(subtitle.lines))
        font, color, set_off = STYLES[subtitle.style]
        rows = max(round(height * subtitle.height_percent / 100), 9)
        bottom = height - round(height * subtitle.place / 100)
        layer = _words(text, (width, height), font, rows, color, set_off, bottom)
        inked = layer[..., 3] > 0
        lines, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
        self._first_row, self._end_row = int(lines[0]), int(lines[-1]) + 1
        part = layer[self._first_row : self._end_row].astype(np.float32)
        self._color, self._opacity = part[..., :3], part[..., 3:] / 255
        disparity = round(width * subtitle.disparity_percent / 100)
        # d = x_left - x_right; both eyes' words are the same pixels, moved by whole ones.
        self._shifts = (disparity - disparity // 2, -(disparity // 2))
        low, high = min(self._shifts), max(self._shifts)
        #: Left, top, right and bottom edge of the words in either eye, in pixels, half open.
        self.box = (
            max(int(columns[0]) + low, 0),
            self._first_row,
            min(int(columns[-1]) + 1 + high, width),
            self._end_row,
        )
        self.disparity_px = disparity

    def draw(self, views: tuple[np.ndarray, np.ndarray]) -> None:
        """Lays the words over a left and a right view, in place."""
        for view, shift in zip(views, self._shifts, strict=True):
            color, opacity = (np.roll(a, shift, axis=1) for a in (self._color, self._opacity))
            rows = view[self._first_row : self._end_row]
            rows[:] = np.rint(rows * (1 - opacity) + color * opacity)


def title_card(size: tuple[int, int], seed: int, behind: np.ndarray | None = None) -> np.ndarray:
    """Words on an even ground, or on a picture.

    Args:
        size: Width and height in pixels.
        seed: Decides words, font and colors.
        behind: (height, width, 3) uint8 picture, None for an even ground.

    Returns:
        (height, width, 3) uint8.
    """
    width, height = size
    rng = np.random.default_rng([seed, 32])
    dark = rng.random() < 0.75
    ground = rng.integers(0, 40, 3) if dark else rng.integers(200, 250, 3)
    card = np.full((height, width, 3), ground, np.uint8) if behind is None else behind.copy()
    color = (235, 232, 224) if dark or behind is not None else (30, 32, 40)
    font = str(rng.choice(list(_FONTS)))
    rows = round(height * rng.uniform(0.07, 0.13))
    text = _TITLES[rng.integers(len(_TITLES))]
    set_off = "outline" if behind is not None else ""
    return _over(card, _words(text, size, font, rows, color, set_off, (height + rows) // 2))


def credits_roll(size: tuple[int, int], seed: int, seconds: float) -> np.ndarray:
    """A tall picture of credits, to be looked at through a window that moves down.

    Args:
        size: Width and height of the view in pixels.
        seed: Decides the words.
        seconds: Length of the shot; a quarter of the height passes in a second.

    Returns:
        (rows, width, 3) uint8.
    """
    width, height = size
    rng = np.random.default_rng([seed, 33])
    rows = max(round(height * rng.uniform(0.035, 0.05)), 8)
    tall = height + round(height * 0.25 * seconds) + 2
    sheet = np.zeros((tall, width, 3), np.uint8)
    for bottom in range(2 * rows, tall, 2 * rows):
        text = f"{rng.choice(_ROLES)}    {rng.choice(_NAMES)}"
        sheet = _over(sheet, _words(text, (width, tall), "sans", rows, (214, 214, 214), "", bottom))
    return sheet


def draw_logo(views: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    """Draws a station's mark into a corner of both views, half transparent, in place."""
    rng = np.random.default_rng([seed, 34])
    height, width = views[0].shape[:2]
    side = round(height * rng.uniform(0.06, 0.1))
    top = round(height * 0.06) if rng.random() < 0.7 else height - side - round(height * 0.06)
    left = width - 2 * side if rng.random() < 0.6 else side
    mark = np.zeros((side, side), np.uint8)
    cv2.circle(mark, (side // 2, side // 2), side * 2 // 5, 255, max(side // 10, 1), cv2.LINE_AA)
    cv2.line(mark, (side // 2, side // 4), (side // 2, side * 3 // 4), 255, max(side // 8, 1))
    opacity = 0.6 * mark[..., None].astype(np.float32) / 255
    for view in views:
        part = view[top : top + side, left : left + side]
        part[:] = np.rint(part * (1 - opacity) + 245 * opacity)


def _words(text, size, font, rows, color, set_off, bottom) -> np.ndarray:
    """Centered words whose lower edge is at row `bottom`: uint8 (h, w, 4) with opacity."""
    width, height = size
    layer = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(layer)
    face, stroke = _face(font, rows), max(rows // 12, 1) if set_off == "outline" else 0
    options = {"font": face, "anchor": "md", "align": "center", "stroke_width": stroke}
    place = (width // 2, bottom)
    # The anchor of several lines is that of the first.
    if "\n" in text:
        options["anchor"] = "mm"
        place = (width // 2, bottom - round(1.2 * rows))
    box = draw.multiline_textbbox(place, text, **options)
    if box[2] - box[0] > 0.94 * width:  # a long line in a narrow view
        return _words(text, size, font, max(rows * 9 // 10, 6), color, set_off, bottom)
    if set_off == "box":
        margin = rows // 3
        grown = (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin)
        draw.rectangle(grown, fill=(0, 0, 0, 150))
    if set_off == "shadow":
        away = max(rows // 10, 1)
        draw.multiline_text(
            (place[0] + away, place[1] + away), text, fill=(0, 0, 0, 210), **options
        )
    draw.multiline_text(place, text, fill=(*color, 255), stroke_fill=(0, 0, 0, 255), **options)
    return np.asarray(layer)


def _over(picture: np.ndarray, layer: np.ndarray) -> np.ndarray:
    opacity = layer[..., 3:].astype(np.float32) / 255
    return np.rint(picture * (1 - opacity) + layer[..., :3] * opacity).astype(np.uint8)


@functools.cache
def _face(font: str, rows: int):
    for name in _FONTS[font]:
        try:
            return ImageFont.truetype(name, rows)
        except OSError:
            continue
    return ImageFont.load_default(rows)
