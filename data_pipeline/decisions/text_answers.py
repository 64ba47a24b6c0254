"""What is asked of a line that may be burnt-in text: its place, its look, both eyes, time."""

import dataclasses
import math

import cv2
import numpy as np

from data_pipeline.decisions.text_lines import TextLine

REACH = 0.05  # disparity of text up to this share of the width
# Repeated texture that moves is 0.7 like itself, letters that stay are nearly 1: the power tells.
STAYS = 3
AROUND, FURTHER_AROUND = np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8)


@dataclasses.dataclass(frozen=True)
class Strip:
    """A horizontal part of a sample.

    Attributes:
        color: (h, w, 3) uint8 RGB of the left eye.
        grays: (h, w) uint8 of both eyes.
        relief: (h, w) uint8 of both: by how much strokes are brighter than around them.
        first: Row of the sample with which it begins.
        rows: Of the whole sample.
    """

    color: np.ndarray
    grays: tuple[np.ndarray, np.ndarray]
    relief: tuple[np.ndarray, np.ndarray]
    first: int
    rows: int


def place_of(line: TextLine, first: int, rows: int, columns: int) -> dict[str, float]:
    """Size and place of a line in a picture of so many rows and columns, from row `first` on."""
    row = (first + (line.top + line.bottom) / 2) / rows
    size = math.log(line.height / rows / 0.02)
    return {
        "long": math.log(min(line.width / line.height, 20)),
        "off_middle": min(0.3, abs((line.left + line.right) / 2 - columns / 2) / columns),
        "near_edge": abs(row - 0.5),
        "low": float(row > 0.5),
        "size": size,
        "size_squared": size**2,
    }


def look_of(line: TextLine, strip: Strip, strokes: np.ndarray) -> dict[str, float]:
    """What the left eye shows of a line; nothing where hardly a stroke is seen."""
    high = line.height
    inside, relief = strokes[line.box], strip.relief[0][line.box]
    ridge = (inside > 0) & (relief >= 0.85 * cv2.dilate(relief, AROUND))
    if np.count_nonzero(ridge) < 6:
        return {}
    red, green, blue = _percentile(strip.color[line.box][ridge], 50)
    first = max(0, line.top - high // 2)
    around = strokes[first : line.bottom + high // 2, line.left : line.right]
    edges = cv2.reduce(cv2.absdiff(around[:, 1:], around[:, :-1]), 1, cv2.REDUCE_SUM, None, 5)[:, 0]
    own = edges[line.top - first :][:high].mean()
    beyond = max(1, high // 2 - 2)
    outside = np.concatenate((edges[:beyond], edges[-beyond:])).mean()
    ring = cv2.dilate(inside, FURTHER_AROUND) > cv2.dilate(inside, AROUND)
    dark = _percentile(strip.grays[0][line.box][ring], 60) if ring.any() else 128.0
    return {
        "contrast": math.log(max(20.0, _percentile(relief[ridge], 50)) / 90),
        "dark_around": min(dark, 160.0) / 100,
        "rows_beyond": float(min(outside / max(1.0, own), 1.0)),
        "stroke": math.log(max(0.05, _percentile(_stroke_widths(inside), 50) / high) / 0.17),
        "bluish": float(max(0.0, blue - green)) / 30,
        "reddish": float(abs(red - green)) / 50,
    }


def both_eyes(line: TextLine, strip: Strip) -> tuple[int, dict[str, float]]:
    """Disparity of a line, how much its halves differ in it, and the picture around it."""
    rows, columns = strip.grays[0].shape
    reach = round(REACH * columns)
    first = max(0, line.left - reach)
    there = strip.relief[1][line.top : line.bottom, first : line.right + reach]
    likeness = cv2.matchTemplate(there, strip.relief[0][line.box], cv2.TM_CCORR_NORMED)[0]
    disparity = line.left - first - int(likeness.argmax())
    middle = (line.left + line.right) // 2
    shifts = [
        _shift(strip.relief, line, start, end, disparity)
        for start, end in ((line.left, middle), (middle, line.right))
    ]
    spread = 1.0 if None in shifts else abs(shifts[0] - shifts[1])
    area, own = _surroundings(line, rows, columns)
    start, end = max(area[1].start, disparity), min(area[1].stop, columns + disparity)
    left = strip.grays[0][area[0], start:end]
    right = strip.grays[1][area[0], start - disparity : end - disparity]
    own = own[:, start - area[1].start : end - area[1].start]
    return disparity, {
        "uneven": min(spread, 1.5) ** 0.5,
        "apart": min(2.0, _change(left, right, own) or 0.0),
    }


def stillness(line: TextLine, strip: Strip, around: list[Strip]) -> dict[str, float]:
    """Whether the line is the same in a neighbouring sample, and the picture around it moves."""
    here = strip.relief[0][line.box].astype(np.float32).ravel()
    area, own = _surroundings(line, *strip.grays[0].shape)
    best = {"moving": 0.0, "still_in_moving": 0.0}
    most = -1.0
    for other in around:
        there = other.relief[0][line.box].astype(np.float32).ravel()
        alike = float(here @ there / (np.sqrt((here @ here) * (there @ there)) + 1e-6))
        if alike > most:
            most = alike
            moving = _change(strip.grays[0][area], other.grays[0][area], own)
            moving = 0.5 if moving is None else min(1.0, moving)
            best = {"moving": moving, "still_in_moving": max(alike, 0.0) ** STAYS * moving}
    return best


def _stroke_widths(strokes: np.ndarray) -> np.ndarray:
    """Lengths of all runs of ones along the rows."""
    bordered = np.zeros((strokes.shape[0], strokes.shape[1] + 2), np.int8)
    bordered[:, 1:-1] = strokes
    steps = np.diff(bordered.ravel())
    return np.flatnonzero(steps < 0) - np.flatnonzero(steps > 0)


def _percentile(values: np.ndarray, percent: float):
    """As `np.percentile` along the first axis, which for few values takes ten times as long."""
    ordered, place = np.sort(values, axis=0), percent / 100 * (len(values) - 1)
    low, high = (ordered[whole].astype(float) for whole in (math.floor(place), math.ceil(place)))
    return low + (high - low) * (place % 1)


def _shift(relief, line: TextLine, start: int, end: int, disparity: int) -> float | None:
    """Disparity of a part of a line beyond the whole line's, to a fraction of a pixel."""
    first, last = start - disparity - 4, end - disparity + 4
    if end - start < 8 or first < 0 or last > relief[0].shape[1]:
        return None
    rows = slice(line.top, line.bottom)
    scores = cv2.matchTemplate(
        relief[1][rows, first:last], relief[0][rows, start:end], cv2.TM_CCORR_NORMED
    )[0]
    best = int(scores.argmax())
    if not 0 < best < len(scores) - 1:
        return float(best)
    before, peak, after = map(float, scores[best - 1 : best + 2])
    curve = before - 2 * peak + after
    return best + (0.5 * (before - after) / curve if curve < -1e-6 else 0.0)


def _surroundings(line: TextLine, rows: int, columns: int):
    """The picture around a line, and a mask of the line itself in it."""
    high = line.height
    area = (
        slice(max(0, line.top - 2 * high), min(rows, line.bottom + 2 * high)),
        slice(max(0, line.left - high), min(columns, line.right + high)),
    )
    own = np.zeros((area[0].stop - area[0].start, area[1].stop - area[1].start), bool)
    top, left = line.top - area[0].start, line.left - area[1].start
    own[max(0, top - 3) : top + high + 3, max(0, left - 3) : left + line.width + 3] = True
    return area, own


def _change(first: np.ndarray, second: np.ndarray, own: np.ndarray) -> float | None:
    """Difference of two pictures in units of the first one's change from pixel to pixel.

    Only where there is texture and not in the mask; None where that is hardly anywhere.
    """
    first = first.astype(np.float32)
    slope = np.abs(cv2.Sobel(first, cv2.CV_32F, 1, 0, ksize=1)) / 2
    textured = (slope > 6) & ~own
    if np.count_nonzero(textured) <= 30:
        return None
    return float(np.abs(first - second)[textured].mean() / (slope[textured].mean() + 4))
