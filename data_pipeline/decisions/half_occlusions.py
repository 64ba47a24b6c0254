"""Whose surface is it that only one eye sees?

Where disparity jumps from far to near along a row of the left view, the right eye misses a strip
beside the edge. With the eyes in their right order the strip is background, and the edge goes with
the nearer surface. With exchanged eyes disparity has the wrong sign, the strip lies in the same
place, but what it continues is the surface that disparity says is the *nearer* one. The same holds
in the right view where disparity falls. Two things are looked at:

    color    Is the strip like the ground beyond its far end or like that beyond its near end?
    contour  Do the edges about the place where the other view shows both surfaces side by side
             match at the nearer or at the farther disparity?

Every pixel of a strip votes, so that a wide strip, behind a thing that is much nearer, counts for
more than the narrow ones that errors of matching leave: of regions one or two pixels wide 55-60 %
vote rightly, of those wider than five 70-85 %, in made-up and in real pictures. Pixels of one
contour show the same thing again and again, so votes are pooled by region, and a region counts with
the square root of its contrast. On even ground matching makes up disparities: strips beside it are
left out.
"""

import dataclasses

import cv2
import numpy as np

LEAST_JUMP = 1.0  # pixels of disparity; less is the slope of a surface or an error of matching
SLACK = 3  # pixels by which a gap may be wider than the strip: matching loses both its edges
LEAST_ROWS = 3  # of a region
MARGIN, GROUND = 1, 3  # pixels beyond the strip's ends: left out (matching smears), then looked at
CONTOUR_REACH = 4  # pixels on either side of the edge
TEXTURE_REACH = 6  # pixels beyond the strip's ends where its surfaces must have texture
TEXTURE = 1.0  # mean change from pixel to pixel, of 255; below is even ground with coding noise
BLOCK = 9  # side of the window, in pixels, in which texture is looked for
NOISE = 15.0  # contrast in the units of `_color_planes` that coding leaves on a surface
FEW = 300.0  # sum of contrasts over the pixels below which the votes hardly count


@dataclasses.dataclass(frozen=True)
class _Strips:
    """Strips that one view shows and the other does not, all on one side of their edges."""

    rows: np.ndarray  # (n,)
    first: np.ndarray  # last matched column before the strip, in the view that shows it
    last: np.ndarray  # first matched column behind it
    near: np.ndarray  # disparity of the nearer side
    far: np.ndarray
    edge: np.ndarray  # column of the edge in the other view
    place: np.ndarray  # column in the left view, for pooling


def half_occlusion_votes(
    left: np.ndarray, right: np.ndarray, disparity: np.ndarray
) -> tuple[float, float]:
    """Votes of the strips that one eye sees alone.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB of the same size, rectified.
        disparity: (h, w) float32 pixels on the left view, NaN where unmatched.

    Returns:
        The votes by color and by contour, each a sum of regions' votes in units of its standard
        deviation were they drawn by lot: positive when the eyes are in their right order; NaN
        where there is no strip.
    """
    views = _color_planes(left), _color_planes(right)
    textures = has_texture(left), has_texture(right)
    parts = []
    for side, strips in enumerate(_strips(disparity)):
        strips = _between_textures(strips, textures[side])
        if strips.rows.size:
            seen, other = views[side], views[1 - side]
            sign = 1 - 2 * side
            votes = *_color_votes(seen, strips, sign), *_contour_votes(seen, other, strips, sign)
            pixels = np.abs(strips.near - strips.far)  # a strip is as wide as its jump
            parts.append(_pooled(strips, [pixels * vote for vote in votes], disparity.shape))
    regions = np.concatenate(parts, axis=1) if parts else np.zeros((4, 0))
    if not regions.shape[1]:
        return float("nan"), float("nan")
    return _sum_of_regions(*regions[:2]), _sum_of_regions(*regions[2:])


def has_texture(view: np.ndarray) -> np.ndarray:
    """Where a disparity means something, (h, w) bool: even ground matches anywhere.

    Args:
        view: (h, w, 3) uint8.
    """
    change = np.zeros(view.shape[:2], np.float32)
    change[:, :-1] = cv2.absdiff(view[:, 1:], view[:, :-1]) @ np.full(3, 1 / 3, np.float32)
    return cv2.blur(change, (BLOCK, BLOCK)) > TEXTURE


def _strips(disparity) -> tuple[_Strips, _Strips]:
    """Strips that the left view shows alone, and those of the right view."""
    rows, columns = np.nonzero(np.isfinite(disparity))
    values = disparity[rows, columns]
    jump, gap = np.diff(values), np.diff(columns) - 1
    # The strip is as wide as the jump, in the left view where disparity rises.
    is_jump = (np.abs(jump) >= LEAST_JUMP) & (gap <= np.maximum(jump, 0) + SLACK)
    at = np.nonzero(is_jump & (np.diff(rows) == 0))[0]
    rows, first, last = rows[at], columns[at], columns[at + 1]
    before, behind = values[at], values[at + 1]
    on_right = first - before, last - behind
    place = (first + last) // 2
    rises = behind > before
    of_left = (rows, first, last, behind, before, 0.5 * sum(on_right), place)
    of_right = (rows, *on_right, before, behind, 0.5 * (first + last), place)
    return (
        _Strips(*(value[rises] for value in of_left)),
        _Strips(*(value[~rises] for value in of_right)),
    )


def _between_textures(strips: _Strips, texture) -> _Strips:
    """Those with texture on both sides, beyond the reach of the contour itself."""
    width = texture.shape[1]
    columns = strips.first - TEXTURE_REACH, strips.last + TEXTURE_REACH
    columns = [np.clip(np.rint(column).astype(np.int32), 0, width - 1) for column in columns]
    kept = texture[strips.rows, columns[0]] & texture[strips.rows, columns[1]]
    fields = dataclasses.fields(_Strips)
    return _Strips(*(getattr(strips, field.name)[kept] for field in fields))


def _color_votes(seen, strips: _Strips, sign: int):
    """For each strip, how much it is liker to the far side than to the near one, and contrast."""
    inside = strips.first[:, None] + (strips.last - strips.first)[:, None] * (0.25, 0.5, 0.75)
    beyond = np.arange(MARGIN, MARGIN + GROUND)
    inside = _take(seen, strips.rows, inside)  # (n, 3, channels)
    before = _take(seen, strips.rows, strips.first[:, None] - beyond).mean(axis=1)
    behind = _take(seen, strips.rows, strips.last[:, None] + beyond).mean(axis=1)
    # The left view shows background alone before an edge, the right view behind one.
    far, near = (before, behind) if sign > 0 else (behind, before)
    contrast = np.abs(far - near).sum(axis=1)
    to_far, to_near = (np.abs(inside - side[:, None]).sum(axis=2) for side in (far, near))
    limit = contrast[:, None]
    return np.clip(to_near - to_far, -limit, limit).mean(axis=1), contrast + NOISE


def _contour_votes(seen, other, strips: _Strips, sign: int):
    """For each strip, how much better its edges match at the near disparity, and contrast."""
    columns = strips.edge[:, None] + np.arange(-CONTOUR_REACH, CONTOUR_REACH + 1)
    wanted = _slope(other, strips.rows, columns)  # (n, columns, channels)
    at_near, at_far = (
        np.abs(wanted - _slope(seen, strips.rows, columns + sign * value[:, None])).sum(axis=2)
        for value in (strips.near, strips.far)
    )
    weight = np.abs(wanted).sum(axis=2)
    total = weight.sum(axis=1) + 1.0  # 1: against division by zero
    vote = (weight * (at_far - at_near)).sum(axis=1) / total
    return vote, (weight * (at_far + at_near)).sum(axis=1) / total + NOISE


def _pooled(strips: _Strips, votes, shape) -> np.ndarray:
    """Sums of the votes by region, (votes, regions); regions of very few rows are left out."""
    mask = np.zeros(shape, np.uint8)
    mask[strips.rows, strips.place] = 1
    count, labels = cv2.connectedComponents(cv2.dilate(mask, np.ones((3, 5), np.uint8)))
    label = labels[strips.rows, strips.place]
    sums = np.stack([np.bincount(label, vote, minlength=count) for vote in votes])
    return sums[:, np.bincount(label, minlength=count) >= LEAST_ROWS]


def _sum_of_regions(votes, contrasts) -> float:
    """Each region votes in [-1, 1] with a weight that is the root of its contrast."""
    return float((votes / np.sqrt(contrasts)).sum() / np.sqrt(contrasts.sum() + FEW))


def _color_planes(view) -> np.ndarray:
    """Lightness, and twice the two color differences, that vary less; (h, w, 3) float32."""
    return cv2.cvtColor(view, cv2.COLOR_RGB2LAB).astype(np.float32) * np.float32([1, 2, 2])


def _slope(planes, rows, columns) -> np.ndarray:
    """Change by a column, (n, k, channels)."""
    return 0.5 * (_take(planes, rows, columns + 1) - _take(planes, rows, columns - 1))


def _take(planes, rows, columns) -> np.ndarray:
    """Values between pixels: rows (n,), columns (n, k) -> (n, k, channels)."""
    columns = np.clip(columns, 0, planes.shape[1] - 1.001)
    whole = columns.astype(np.int32)
    part = (columns - whole).astype(np.float32)[..., None]
    rows = rows[:, None]
    return planes[rows, whole] * (1 - part) + planes[rows, whole + 1] * part
