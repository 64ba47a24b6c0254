"""The pictures in which a round of training is looked at, for each of a few validation pairs."""

import dataclasses
import math

import cv2
import numpy as np

from deep3d import baselines
from deep3d.disparity import DisparityLevels, expected_disparity
from deep3d.disparity_pictures import (
    LEAST_WIDTH,
    disparity_with_scale,
    entropy_with_scale,
    level_sheet,
)
from deep3d.lettering import write
from deep3d.preview_pictures import Moment, wiggle
from deep3d.profile_picture import profile_picture
from deep3d.validation_baselines import right_views
from deep3d.video import anaglyph

# The scan line of the profile, as a share of the height: below the middle, where subjects stand.
PROFILE_ROW = 0.6
# A wiggle begins anew by itself; more turns would only make the log larger.
WIGGLE_TURNS = 1
# Errors of a quarter of the range are white.
ERROR_GAIN = 4.0
# Stereo matching looks this much further than the levels reach, in % of the width, so that truth
# which no level can express is seen.
BEYOND_LEVELS = 2.0


@dataclasses.dataclass(frozen=True)
class ValidationPairs:
    """A few pairs of one size, and what is known of them.

    Attributes:
        left: (pairs, h, w, channels) float in [0, 1], as the network takes it; its first three
            channels are drawn.
        right: (pairs, h, w, 3) float in [0, 1]; None if it is not known.
        truth: (pairs, h, w) float32 disparity of the right view's pixels in pixels at the width of
            the levels, NaN where it is unknown; None if it is nowhere known.
    """

    left: np.ndarray
    right: np.ndarray | None
    truth: np.ndarray | None


def validation_pairs(left, targets, count: int, levels: DisparityLevels) -> ValidationPairs:
    """The first pairs of a batch; disparity that the data do not have is measured.

    Args:
        left: (batch, h, w, channels) float in [0, 1].
        targets: As `losses` takes them: right views, or a dict of "right" and "disparity".
        count: How many pairs.
        levels: Stereo matching searches their range and 2 % of the width more on either side.

    Returns:
        At most `count` pairs.
    """
    right = right_views(targets)
    right = None if right is None else right[:count, ..., :3]
    left = np.asarray(left)[:count]
    given = targets.get("disparity") if isinstance(targets, dict) else None
    if given is not None:
        given = np.asarray(given, np.float32)[:count]
        truth = np.where(given[..., 1] > 0.5, given[..., 0], np.nan)
    elif right is not None:
        truth = np.stack([_measured(*pair, levels) for pair in zip(left, right, strict=True)])
    else:
        truth = None
    return ValidationPairs(left, right, truth)


def given_picture_sets(
    pairs: ValidationPairs, levels: DisparityLevels
) -> dict[str, list[np.ndarray]]:
    """What the pairs have of themselves: it is the same in all rounds.

    Args:
        pairs: The pairs.
        levels: The network's.

    Returns:
        {name: (h, w, 3) uint8 pictures, one for each pair}; what is not known is left out.
    """
    row = profile_row(pairs.left.shape[1])
    sets = {"views/1_left": [_with_row_marked(to_bytes(view[..., :3]), row) for view in pairs.left]}
    if pairs.right is not None:
        sets["views/2_right"] = [to_bytes(view) for view in pairs.right]
    if pairs.truth is not None:
        sets["depth/2_truth"] = [disparity_with_scale(d, levels) for d in pairs.truth]
    return sets


def picture_sets(
    pairs: ValidationPairs, outputs: dict, levels: DisparityLevels
) -> dict[str, list[np.ndarray]]:
    """What the network made of the pairs, under names in the order in which it is to be read.

    Args:
        pairs: What went into the network.
        outputs: What came out: "right" and, of networks that have it, "probabilities".
        levels: The network's.

    Returns:
        {name: (h, w, 3) uint8 pictures, one for each pair}.
    """
    predicted = np.asarray(outputs["right"])
    left = [to_bytes(view[..., :3]) for view in pairs.left]
    right = [to_bytes(view) for view in predicted]
    sets = {
        "views/3_prediction": right,
        "views/4_anaglyph": [
            anaglyph(*views, "anaglyph_dubois") for views in zip(left, right, strict=True)
        ],
    }
    if pairs.right is not None:
        sets["views/5_error"] = [
            _error(*views) for views in zip(predicted, pairs.right, strict=True)
        ]
    if "probabilities" in outputs:
        sets |= _depth_sets(pairs, np.asarray(outputs["probabilities"]), levels)
    return sets


def wiggle_gif(left: np.ndarray, right: np.ndarray) -> bytes:
    """The two views of a pair in turn.

    Args:
        left: (h, w, 3) float in [0, 1].
        right: Likewise.

    Returns:
        The content of a GIF file that repeats for ever, at most 480 pixels wide.
    """
    views = to_bytes(left), to_bytes(right)
    moment = Moment(None, views[0], *views, np.zeros((1, 1), np.float32))
    return wiggle([moment], WIGGLE_TURNS)


def profile_row(height: int) -> int:
    """Number of the row whose disparity is plotted."""
    return min(height - 1, math.floor(PROFILE_ROW * height))


def to_bytes(view: np.ndarray) -> np.ndarray:
    """A picture in [0, 1] as 8 bits."""
    return np.clip(np.rint(view * 255.0), 0, 255).astype(np.uint8)


def _depth_sets(pairs: ValidationPairs, probabilities, levels: DisparityLevels):
    disparity = expected_disparity(probabilities, levels)
    truths = [None] * len(disparity) if pairs.truth is None else pairs.truth
    height = probabilities.shape[1]
    row = profile_row(height)
    return {
        "depth/1_disparity": [disparity_with_scale(d, levels) for d in disparity],
        "depth/3_profile": [
            profile_picture(
                p[row],
                d[row],
                None if truth is None else truth[row],
                levels,
                f"row {row} of {height}",
            )
            for p, d, truth in zip(probabilities, disparity, truths, strict=True)
        ],
        "depth/4_entropy": [entropy_with_scale(p) for p in probabilities],
        "depth/5_levels": [level_sheet(p, levels) for p in probabilities],
    }


def _measured(left, right, levels: DisparityLevels) -> np.ndarray:
    """Disparity of a pair by stereo matching, NaN where nothing matched."""
    beyond = BEYOND_LEVELS / 100.0 * levels.width
    low, high = min(*levels.values, 0.0) - beyond, max(*levels.values, 0.0) + beyond
    views = to_bytes(left[..., :3]), to_bytes(right)
    return baselines.measured_disparity(*views, math.floor(low), math.ceil(high))


def _with_row_marked(picture, row: int):
    """Dashes along the row of the profile, light and dark in turn, so that they are seen."""
    marked = picture.copy()
    for column in range(0, picture.shape[1], 12):
        marked[row, column : column + 3] = (255, 255, 0)
        marked[row, column + 3 : column + 6] = (0, 0, 0)
    if picture.shape[1] >= LEAST_WIDTH:
        place = (picture.shape[1] - 4, row - 3)
        marked = write(marked, place, f"profile: row {row}", (255, 255, 0), "rs", outline=1)
    return marked


def _error(predicted, right):
    """Absolute error as gray, four times enlarged."""
    gray = cv2.cvtColor(np.abs(predicted - right).astype(np.float32), cv2.COLOR_RGB2GRAY)
    return np.repeat(to_bytes(ERROR_GAIN * gray)[..., np.newaxis], 3, axis=-1)
