"""The pairs that a page shows: the worst, the best and some in between, as small pictures.

Which pairs those are is known only at the end, and no more pictures than the page has room for are
held before: each pair is drawn when it comes and forgotten when others are more telling.
"""

import dataclasses
import heapq

import cv2
import numpy as np

from deep3d.disparity import DisparityLevels
from deep3d.disparity_pictures import disparity_picture
from deep3d.evaluation import PairPrediction
from deep3d.metrics import mean_absolute_error
from deep3d.video import anaglyph

# A page of so many cases of so many bytes, of which base64 makes a third more, has 15 MB.
MAX_CASES = 60
CASE_BYTES = 180_000
PICTURE_AREA = 384 * 216
# Tried in this order until a case is small enough.
JPEG_QUALITIES = (78, 60, 45, 30)
# Errors of a quarter of the range are white.
ERROR_GAIN = 4.0


@dataclasses.dataclass(frozen=True)
class Case:
    """One pair as a page shows it.

    Attributes:
        number: Running number of the pair in the evaluation.
        mae: Of the model.
        gap: Share of the pair's own gap that the model closes; None where there is no gap.
        pictures: JPEG data by name: left, right, model, anaglyph, true_anaglyph, disparity,
            measured or true_disparity, error, shift_error.
    """

    number: int
    mae: float
    gap: float | None
    pictures: dict[str, bytes]


class Cases:
    """Collects pairs while they are evaluated.

    Args:
        levels: They set the ends of the scale of disparity.
        at_most: How many pairs are kept.
    """

    def __init__(self, levels: DisparityLevels, at_most: int = MAX_CASES):
        self.levels = levels
        self._at_most = at_most
        self._scores: list[tuple[float, float | None]] = []
        self._cases: dict[int, Case] = {}

    def __iter__(self):
        """The cases in the order of their numbers."""
        return iter([self._cases[number] for number in sorted(self._cases)])

    def __len__(self) -> int:
        """How many there are."""
        return len(self._cases)

    def add(self, number: int, prediction: PairPrediction):
        """Takes what `evaluate` hands to `on_pair`.

        Args:
            number: Running number of the pair, from 0 on without gaps.
            prediction: Its views.
        """
        mae = {
            name: mean_absolute_error(prediction.pair.right, prediction.views[name])
            for name in ("global_shift", "model", "oracle")
            if name in prediction.views
        }
        score = mae["model"], _gap(mae)
        self._scores.append(score)
        telling = self._telling()
        if number in telling:
            self._cases[number] = Case(number, *score, _pictures(prediction, self.levels))
        self._cases = {n: case for n, case in self._cases.items() if n in telling}

    def _telling(self) -> set[int]:
        """Numbers of the pairs that are worth showing, of those that have come so far."""
        count = len(self._scores)
        if count <= self._at_most:
            return set(range(count))
        share = self._at_most // 6
        telling = set()
        for column in (0, 1):
            known = [n for n in range(count) if self._scores[n][column] is not None]
            for choose in (heapq.nsmallest, heapq.nlargest):
                telling.update(choose(share, known, key=lambda n: self._scores[n][column]))
        # Steps are doubled, so that what is left out once is never asked for again.
        step = 1
        while -(-count // step) > share:
            step *= 2
        return telling | set(range(0, count, step))


def _gap(mae: dict[str, float]) -> float | None:
    if not {"global_shift", "oracle"} <= mae.keys():
        return None
    whole = mae["global_shift"] - mae["oracle"]
    return (mae["global_shift"] - mae["model"]) / whole if whole > 0 else None


def _pictures(prediction: PairPrediction, levels: DisparityLevels) -> dict[str, bytes]:
    pair, views = prediction.pair, prediction.views
    known = ("measured", prediction.measured)
    if pair.truth is not None:
        known = ("true_disparity", pair.truth)
    pictures = {
        "left": pair.left,
        "right": pair.right,
        "model": views["model"],
        "anaglyph": anaglyph(pair.left, views["model"], "anaglyph_dubois"),
        "true_anaglyph": anaglyph(pair.left, pair.right, "anaglyph_dubois"),
    }
    if prediction.disparity is not None:  # not without a selection layer
        pictures["disparity"] = disparity_picture(prediction.disparity, levels)
    pictures[known[0]] = _known_picture(known[1], levels)
    pictures["error"] = _error_picture(pair.right, views["model"])
    if "global_shift" in views:
        pictures["shift_error"] = _error_picture(pair.right, views["global_shift"])
    for quality in JPEG_QUALITIES:
        data = {name: _jpeg(picture, quality) for name, picture in pictures.items()}
        if sum(map(len, data.values())) <= CASE_BYTES:
            break
    return data


def _known_picture(disparity, levels):
    """As `disparity_picture`, grey where nothing is known."""
    known = np.isfinite(disparity)
    picture = disparity_picture(np.where(known, disparity, 0), levels)
    return np.where(known[..., np.newaxis], picture, np.uint8(128))


def _error_picture(truth, prediction):
    error = np.abs(truth.astype(np.float32) - prediction).mean(axis=2)
    return np.repeat(np.minimum(ERROR_GAIN * error, 255).astype(np.uint8)[..., None], 3, axis=2)


def _jpeg(picture: np.ndarray, quality: int) -> bytes:
    height, width = picture.shape[:2]
    scale = min(1.0, (PICTURE_AREA / (height * width)) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
