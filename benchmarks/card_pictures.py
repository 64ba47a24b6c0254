"""Sheets of pictures for the model card: picture, disparity and anaglyph of every example.

JPEG, small enough for a repository. A picture whose licence does not let it be shown is left
blank, with its anaglyph; the disparity is the model's own and always shown.
"""

import dataclasses
import pathlib
import re

import cv2
import numpy as np

from deep3d.atomic_file import write_bytes

TILE_WIDTH, TILE_HEIGHT = 208, 156
CAPTION_HEIGHT = 18
EXAMPLES_PER_LINE, LINES = 2, 7
SHEET_BYTES, ALL_BYTES = 200_000, 1_000_000
# Tried in this order until a sheet is small enough: first quality is given up, then size.
SCALES, QUALITIES = (1.0, 0.7, 0.5), (85, 75, 60, 45)
# Words in a credit that forbid to show the picture here.
CLOSED = re.compile(r"\bNC\b|non-?commercial|research (use )?only|all rights", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Example:
    """One example of a sheet.

    Attributes:
        name: Its caption.
        credit: Author and licence; "" when unknown, and then only the disparity is shown.
        left: (h, w, 3) uint8 picture.
        disparity: (h, w, 3) uint8 picture of the disparity.
        anaglyph: (h, w, 3) uint8.
    """

    name: str
    credit: str
    left: np.ndarray
    disparity: np.ndarray
    anaglyph: np.ndarray

    @property
    def may_be_shown(self) -> bool:
        """Whether the credit permits to show the picture itself."""
        return bool(self.credit) and not CLOSED.search(self.credit)


def write_sheets(examples: list[Example], folder, prefix: str, budget: int) -> list[pathlib.Path]:
    """Writes as many sheets as the examples need.

    Args:
        examples: What to show; when they need more than the budget, evenly chosen ones.
        folder: Made if missing; older sheets of this prefix are removed.
        prefix: Files are named `PREFIX-1.jpg` and so on.
        budget: Bytes that all sheets together may have.

    Returns:
        The files, each below 200 kB.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{prefix}-*.jpg"):
        old.unlink()
    on_sheet = EXAMPLES_PER_LINE * LINES
    at_most = on_sheet * max(1, budget // SHEET_BYTES)
    examples = examples[:: max(1, -(-len(examples) // at_most))]
    files = []
    for start in range(0, len(examples), on_sheet):
        files.append(folder / f"{prefix}-{len(files) + 1}.jpg")
        write_bytes(files[-1], _jpeg(_sheet(examples[start : start + on_sheet])))
    return files


def credits_line(examples: list[Example]) -> str:
    """Who made the pictures, one clause for each credit.

    Args:
        examples: The examples of the sheets.

    Returns:
        "names: credit; names: credit."
    """
    names: dict[str, list[str]] = {}
    for example in examples:
        if example.may_be_shown and example.name not in names.setdefault(example.credit, []):
            names[example.credit].append(example.name)
    return "; ".join(f"{', '.join(who)}: {credit}" for credit, who in names.items())


def _sheet(examples: list[Example]) -> np.ndarray:
    strips = [_strip(example) for example in examples]
    while len(strips) % EXAMPLES_PER_LINE:
        strips.append(np.full_like(strips[0], 255))
    lines = [
        np.hstack(strips[start : start + EXAMPLES_PER_LINE])
        for start in range(0, len(strips), EXAMPLES_PER_LINE)
    ]
    return np.vstack(lines)


def _strip(example: Example) -> np.ndarray:
    """Caption above picture, disparity and anaglyph."""
    blank = np.full_like(example.left, 235)
    shown = example.may_be_shown
    tiles = [
        _tile(example.left if shown else blank),
        _tile(example.disparity),
        _tile(example.anaglyph if shown else blank),
    ]
    caption = np.full((CAPTION_HEIGHT, 3 * TILE_WIDTH, 3), 255, np.uint8)
    cv2.putText(caption, example.name, (4, 13), 0, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([caption, np.hstack(tiles)])


def _tile(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = min((TILE_WIDTH - 4) / width, (TILE_HEIGHT - 4) / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    tile = np.full((TILE_HEIGHT, TILE_WIDTH, 3), 255, np.uint8)
    top, first = (TILE_HEIGHT - size[1]) // 2, (TILE_WIDTH - size[0]) // 2
    tile[top : top + size[1], first : first + size[0]] = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA
    )
    return tile


def _jpeg(sheet: np.ndarray) -> bytes:
    bgr = cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)
    for scale in SCALES:
        small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for quality in QUALITIES:
            _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if data.size < SHEET_BYTES:
                return data.tobytes()
    raise ValueError(f"A sheet must fit into {SHEET_BYTES} bytes. Received: {data.size}")
