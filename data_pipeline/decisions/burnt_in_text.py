"""Finds subtitles that are part of the picture.

Letters are strokes brighter than what surrounds them. Where many stroke edges follow each other
along a row there may be a line of text; every such line is then asked what tells burnt-in text
from shop signs, fences, windows and leaves:

- it stands out more than anything lit by the scene, on a dark outline, shadow or box;
- its strokes are narrow for its height, close together, and end at common heights;
- it lies across the picture in the lower or upper part, most often in the middle of the row;
- all of it has one disparity, to a fraction of a pixel, whatever the picture behind it has;
- it stays where it is while the picture moves.

The answers are added up with weights (logistic regression on drawn subtitles over photographs,
clips and stereo pairs; `benchmarks/frame_faults.py` has the material and prints the errors).
Text that belongs to the scene is not meant.
"""

import dataclasses
import math
from collections.abc import Sequence

import cv2
import numpy as np

from data_pipeline.decisions.text_lines import TextLine, find_lines, overlap, union

HEIGHT = 540  # rows at which text is looked for: the smallest letters are still 6 rows high
# Parts of the height that are searched; subtitles of three lines above a black bar reach this far.
STRIPS = ((0.0, 0.32), (0.55, 1.0))
# Gray levels by which a stroke is brighter than its surroundings, and how bright it is at least.
# The first finds faint letters, the others keep letters apart from a busy picture.
LEVELS = ((35, 110), (70, 150), (110, 180))
STROKE = 1 / 60  # widest stroke, as a share of the height
# Lines of each strip that are looked at, the best of them in both eyes and in time. Ranked so, the
# best line of a subtitle was among the first 7 and the first in 99 % of the samples.
LOOKED_AT, COMPARED = 12, 4
REACH = 0.05  # disparity of text up to this share of the width
# Weights of the answers, fitted to 512 subtitled samples and 522 others, and what they start from.
WEIGHTS = {
    "contrast": 3.35,
    "long": 2.09,
    "off_middle": -14.69,
    "dark_around": -2.1,
    "rows_beyond": -2.09,
    "stroke": -1.23,
    "close": 2.03,
    "near_edge": 9.86,
    "low": 2.27,
    "size": -2.18,
    "size_squared": -1.88,
    "bluish": -1.89,
    "reddish": -0.43,
    "uneven": -2.41,
    "apart": 2.74,
    "moving": -4.89,
    "still_in_moving": 6.06,
}
BIAS = -8.34
# Least score of a line, in a shot and in a single pair, where less is known: what let 1.7 % of the
# samples without subtitles pass.
FOUND, FOUND_ALONE = 0.5, 1.5
BESIDE = -2.0  # least score of a line next to one that is found
AROUND, FURTHER_AROUND = np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8)


@dataclasses.dataclass(frozen=True)
class TextBand:
    """Where subtitles stand in either eye, in pixels of the view, half open.

    Attributes:
        top: First row.
        bottom: Row behind the last.
        left: First column of the eye where it begins further left.
        right: Column behind the last of the eye where it ends further right.
        lines: Number of lines of text.
        score: Log odds of the line that is most like a subtitle.
    """

    top: int
    bottom: int
    left: int
    right: int
    lines: int
    score: float


@dataclasses.dataclass(frozen=True)
class _Strip:
    """A horizontal part of a sample: color of the left eye, gray and strokes of both."""

    color: np.ndarray  # (h, w, 3) uint8
    grays: tuple[np.ndarray, np.ndarray]  # (h, w) uint8
    relief: tuple[np.ndarray, np.ndarray]  # by how much strokes are brighter than around them
    first: int  # row of the sample
    rows: int  # of the whole sample


def find_subtitles(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[TextBand | None]:
    """Finds the subtitles of some samples of a shot.

    Args:
        pairs: (left, right) views of square pixels, (h, w, 3) uint8 RGB, all of one size and of
            one shot, in order of time. More than one let what stays be told from what moves.

    Returns:
        For every pair the band with its subtitles, or None.

    Raises:
        ValueError: If the views differ in size.
    """
    if len({view.shape for pair in pairs for view in pair}) > 1:
        shapes = [view.shape for pair in pairs for view in pair]
        raise ValueError(f"All views must have one size. Received: {shapes}")
    samples = [_strips(pair) for pair in pairs]
    least = FOUND if len(pairs) > 1 else FOUND_ALONE
    found = []
    for number, strips in enumerate(samples):
        lines = []
        for part, strip in enumerate(strips):
            around = [samples[k][part] for k in (number - 1, number + 1) if 0 <= k < len(samples)]
            lines += [_moved(line, strip.first) for line in _score_lines(strip, around)]
        found.append(_band(lines, least, strips[0], pairs[number][0].shape))
    return found


def _strips(pair) -> list[_Strip]:
    height, width = pair[0].shape[:2]
    if height > HEIGHT:
        size = (round(width * HEIGHT / height), HEIGHT)
        pair = tuple(cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in pair)
        height = HEIGHT
    strips = []
    kernel = np.ones((int(height * STROKE) | 1,) * 2, np.uint8)
    for start, end in STRIPS:
        first, last = round(start * height), round(end * height)
        colors = [np.ascontiguousarray(view[first:last]) for view in pair]
        grays = tuple(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY) for color in colors)
        relief = tuple(cv2.morphologyEx(gray, cv2.MORPH_TOPHAT, kernel) for gray in grays)
        strips.append(_Strip(colors[0], grays, relief, first, height))
    return strips


def _score_lines(strip: _Strip, around: list[_Strip]) -> list[TextLine]:
    """The lines of a strip that are most like text, with their scores."""
    columns = strip.grays[0].shape[1]
    placed = []
    for strokes in _stroke_masks(strip, around):
        for line, close in find_lines(strokes, strip.rows):
            answers = {"close": close, **_place_of(line, strip.first, strip.rows, columns)}
            placed.append((_weigh(answers), line, answers, strokes))
    placed.sort(key=lambda entry: -entry[0])
    promising = []
    for _, line, answers, strokes in placed[:LOOKED_AT]:
        if look := _look_of(line, strip, strokes):
            answers = {**answers, **look}
            promising.append((_weigh(answers), line, answers))
    promising.sort(key=lambda entry: -entry[0])
    scored: list[TextLine] = []
    for _, line, answers in promising:
        if len(scored) == COMPARED:
            break
        if any(overlap(line, other) > 0.5 for other in scored):
            continue  # the same line at another level
        disparity, of_eyes = _both_eyes(line, strip)
        answers = {**answers, **of_eyes, **_stillness(line, strip, around)}
        scored.append(dataclasses.replace(line, score=BIAS + _weigh(answers), disparity=disparity))
    return scored


def _stroke_masks(strip: _Strip, around: list[_Strip]) -> list[np.ndarray]:
    """Where strokes are, at every level, and of the bright ones those that stay."""
    masks = [_strokes(strip, *level) for level in LEVELS]
    for other in around[:1]:
        # One pixel of room: coding noise moves edges.
        there = cv2.dilate(_strokes(other, *LEVELS[1]), AROUND)
        masks.append(masks[1] & there)
    return masks


def _strokes(strip: _Strip, relief_level: int, gray_level: int) -> np.ndarray:
    return ((strip.relief[0] > relief_level) & (strip.grays[0] > gray_level)).view(np.uint8)


def _weigh(answers: dict[str, float]) -> float:
    return sum(WEIGHTS.get(name, 0.0) * value for name, value in answers.items())


def _place_of(line: TextLine, first: int, rows: int, columns: int) -> dict[str, float]:
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


def _look_of(line: TextLine, strip: _Strip, strokes: np.ndarray) -> dict[str, float]:
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


def _both_eyes(line: TextLine, strip: _Strip) -> tuple[int, dict[str, float]]:
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


def _stillness(line: TextLine, strip: _Strip, around: list[_Strip]) -> dict[str, float]:
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
            best = {"moving": moving, "still_in_moving": alike * moving}
    return best


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


def _moved(line: TextLine, rows: int) -> TextLine:
    return dataclasses.replace(line, top=line.top + rows, bottom=line.bottom + rows)


def _band(lines: list[TextLine], least: float, strip: _Strip, shape) -> TextBand | None:
    """The best line and those that belong to it, in pixels of the view."""
    best = max(lines, key=lambda line: line.score, default=None)
    if best is None or best.score < least:
        return None
    block, members = best, [best]
    for line in sorted(lines, key=lambda one: abs(one.top - best.top)):
        gap = max(block.top - line.bottom, line.top - block.bottom)
        beside = line.left < block.right and block.left < line.right
        if line.score >= BESIDE and beside and gap < 2 * max(line.height, best.height):
            block, members = union(block, line), [*members, line]
    scale = shape[0] / strip.rows
    room = 0.5 * max(line.height for line in members)  # ascenders, descenders, outlines
    shifts = [0, *(line.disparity for line in members)]
    left, right = block.left - max(shifts) - room, block.right - min(shifts) + room
    return TextBand(
        top=max(0, int(scale * (block.top - room))),
        bottom=min(shape[0], int(np.ceil(scale * (block.bottom + room)))),
        left=max(0, int(scale * left)),
        right=min(shape[1], int(np.ceil(scale * right))),
        lines=_count_lines(members),
        score=float(best.score),
    )


def _count_lines(members: list[TextLine]) -> int:
    count, bottom = 0, -1.0
    for line in sorted(members, key=lambda one: one.top):
        if line.top + 0.4 * line.height > bottom:
            count += 1
        bottom = max(bottom, line.bottom)
    return count
