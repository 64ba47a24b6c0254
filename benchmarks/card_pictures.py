"""Sheets of pictures for the model card: the disparity of every example, which is the model's own.

JPEG, small enough for a repository. On request the pictures and their anaglyphs stand beside it; a
picture whose licence does not let it be shown is then left blank.
"""

import dataclasses
import pathlib
import re

import cv2
import numpy as np

from deep3d.atomic_file import write_bytes

TILE_WIDTH, TILE_HEIGHT = 208, 156
CAPTION_HEIGHT = 18
TILES_PER_LINE, LINES = 6, 7
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


def write_sheets(
    examples: list[Example], folder, prefix: str, budget: int, originals: bool = False
) -> list[pathlib.Path]:
    """Writes as many sheets as the examples need.

    Args:
        examples: What to show; when they need more than the budget, evenly chosen ones.
        folder: Made if missing; older sheets of this prefix are removed.
        prefix: Files are named `PREFIX-1.jpg` and so on.
        budget: Bytes that all sheets together may have.
        originals: Whether the picture and its anaglyph are shown, too.

    Returns:
        The files, each below 200 kB.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{prefix}-*.jpg"):
        old.unlink()
    per_line = TILES_PER_LINE // (3 if originals else 1)
    on_sheet = per_line * LINES
    at_most = on_sheet * max(1, budget // SHEET_BYTES)
    examples = examples[:: max(1, -(-len(examples) // at_most))]
    strips = [_strip(example, originals) for example in examples]
    files = []
    for start in range(0, len(strips), on_sheet):
        files.append(folder / f"{prefix}-{len(files) + 1}.jpg")
        write_bytes(files[-1], _jpeg(_sheet(strips[start : start + on_sheet], per_line)))
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


def _sheet(strips: list[np.ndarray], per_line: int) -> np.ndarray:
    blank = [np.full_like(strips[0], 255)] * (-len(strips) % per_line)
    filled = strips + blank
    lines = [
        np.hstack(filled[start : start + per_line]) for start in range(0, len(filled), per_line)
    ]
    return np.vstack(lines)


def _strip(example: Example, originals: bool) -> np.ndarray:
    """Caption above the disparity, or above picture, disparity and anaglyph."""
    blank = np.full_like(example.left, 235)
    shown = example.may_be_shown
    tiles = [_tile(example.disparity)]
    if originals:
        tiles.insert(0, _tile(example.left if shown else blank))
        tiles.append(_tile(example.anaglyph if shown else blank))
    caption = np.full((CAPTION_HEIGHT, len(tiles) * TILE_WIDTH, 3), 255, np.uint8)
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
