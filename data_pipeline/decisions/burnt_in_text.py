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
from collections.abc import Sequence

import cv2
import numpy as np

from data_pipeline.decisions.text_answers import (
    AROUND,
    Strip,
    both_eyes,
    look_of,
    place_of,
    stillness,
)
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
# Weights of the answers, fitted to 512 subtitled samples and 522 others, and what they start from.
WEIGHTS = {
    "contrast": 3.21,
    "long": 2.01,
    "off_middle": -14.45,
    "dark_around": -2.08,
    "rows_beyond": -2.02,
    "stroke": -1.28,
    "close": 2.05,
    "near_edge": 9.64,
    "low": 2.22,
    "size": -2.09,
    "size_squared": -1.92,
    "bluish": -1.6,
    "reddish": -0.65,
    "uneven": -2.52,
    "apart": 2.77,
    "moving": -2.9,
    "still_in_moving": 6.02,
}
BIAS = -8.17
# Least score of a line, in a shot and in a single pair, where less is known: 1.2 % of the samples
# without subtitles pass that the weights were fitted to, and 0.4 % of as many others.
FOUND, FOUND_ALONE = 1.25, 1.5
BESIDE = -2.0  # least score of a line next to one that is found


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


def _strips(pair) -> list[Strip]:
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
        strips.append(Strip(colors[0], grays, relief, first, height))
    return strips


def _score_lines(strip: Strip, around: list[Strip]) -> list[TextLine]:
    """The lines of a strip that are most like text, with their scores."""
    columns = strip.grays[0].shape[1]
    placed = []
    for strokes in _stroke_masks(strip, around):
        for line, close in find_lines(strokes, strip.rows):
            answers = {"close": close, **place_of(line, strip.first, strip.rows, columns)}
            placed.append((_weigh(answers), line, answers, strokes))
    placed.sort(key=lambda entry: -entry[0])
    promising = []
    for _, line, answers, strokes in placed[:LOOKED_AT]:
        if look := look_of(line, strip, strokes):
            answers = {**answers, **look}
            promising.append((_weigh(answers), line, answers))
    promising.sort(key=lambda entry: -entry[0])
    scored: list[TextLine] = []
    for _, line, answers in promising:
        if len(scored) == COMPARED:
            break
        if any(overlap(line, other) > 0.5 for other in scored):
            continue  # the same line at another level
        disparity, of_eyes = both_eyes(line, strip)
        answers = {**answers, **of_eyes, **stillness(line, strip, around)}
        scored.append(dataclasses.replace(line, score=BIAS + _weigh(answers), disparity=disparity))
    return scored


def _stroke_masks(strip: Strip, around: list[Strip]) -> list[np.ndarray]:
    """Where strokes are, at every level, and of the bright ones those that stay."""
    masks = [_strokes(strip, *level) for level in LEVELS]
    for other in around[:1]:
        # One pixel of room: coding noise moves edges.
        there = cv2.dilate(_strokes(other, *LEVELS[1]), AROUND)
        masks.append(masks[1] & there)
    return masks


def _strokes(strip: Strip, relief_level: int, gray_level: int) -> np.ndarray:
    return ((strip.relief[0] > relief_level) & (strip.grays[0] > gray_level)).view(np.uint8)


def _weigh(answers: dict[str, float]) -> float:
    return sum(WEIGHTS.get(name, 0.0) * value for name, value in answers.items())


def _moved(line: TextLine, rows: int) -> TextLine:
    return dataclasses.replace(line, top=line.top + rows, bottom=line.bottom + rows)


def _band(lines: list[TextLine], least: float, strip: Strip, shape) -> TextBand | None:
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
