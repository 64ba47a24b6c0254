"""What is told of a shot: a row of the report, with a small picture."""

import collections
import dataclasses
import math
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.decisions.film_facts import FilmFacts
from data_pipeline.decisions.time_offset import TimeOffsetDecision
from data_pipeline.movies.shot_decision import Judged, Pair, ShotDecision
from deep3d.video import anaglyph

TILE_WIDTH = 144
PICTURE_QUALITY = 75
# Disparity in a tile, in percent of the width from the middle: the usual comfort budget.
TILE_RANGE = 3.0
UNSURE = "unsure"
_ALIGNMENT = (
    *("vertical_offset_px", "rotation_deg", "zoom", "vertical_error", "vertical_residual"),
)


@dataclasses.dataclass(frozen=True)
class ShotReport:
    """What became of a shot; measured values are means over its measured frames, or NaN.

    Attributes:
        shot: Its number, from 0.
        start_s: Time of its first frame.
        end_s: Time of the first frame after it.
        layout: Of the movie.
        swapped: Whether the right eye was stored first: True, False or "unsure".
        accepted: Samples that went into the data set.
        reason: The most frequent reason for rejection, empty where nothing was rejected.
        sampled: Samples looked at.
        rejected: How many were refused for each reason.
        percentile_5: Of the disparity in the movie, left eye first, in percent of the width.
        percentile_95: Likewise.
        matched: Share of pixels that match in both directions.
        swapped_probability: That the eyes are swapped.
        bars_top: Black rows and columns in pixels of the view, those of the movie among them.
        bars_bottom: Likewise.
        bars_left: Likewise.
        bars_right: Likewise.
        vertical_offset_px: How much lower the right eye's picture lies, in pixels of the view.
        rotation_deg: Of the right eye's picture against the left.
        zoom: Scale of the right eye's picture over that of the left.
        vertical_error: Largest vertical error anywhere in the picture, in percent of its height.
        vertical_residual: What rotation, zoom and offset do not explain, likewise.
        color_difference: Between the eyes in the channel that differs most, of 255.
        contrast: Of the right eye over the left.
        sharpness: Likewise.
        time_offset_frames: By which the right eye lags, or None where nothing tells.
        time_offset_confidence: From 0 to 1.
        subtitled: Samples with subtitles.
        composition_width: Of all accepted frames, see `deep3d.composition`; None without any.
        composition_shift: Likewise.
        picture: Left view, right view, anaglyph and disparity of a sample side by side: bytes of
            a JPEG file, uint8; empty where nothing was looked at.
    """

    shot: int
    start_s: float
    end_s: float
    layout: str
    swapped: bool | str
    accepted: int
    reason: str
    sampled: int
    rejected: dict[str, int]
    percentile_5: float
    percentile_95: float
    matched: float
    swapped_probability: float
    bars_top: int
    bars_bottom: int
    bars_left: int
    bars_right: int
    vertical_offset_px: float
    rotation_deg: float
    zoom: float
    vertical_error: float
    vertical_residual: float
    color_difference: float
    contrast: float
    sharpness: float
    time_offset_frames: int | None
    time_offset_confidence: float
    subtitled: int
    composition_width: int | None
    composition_shift: int | None
    picture: np.ndarray


class Measurements:
    """What is gathered of a shot sample by sample.

    Attributes:
        sampled: Samples looked at.
        rejected: How many were refused for each reason.
        first: The first pair looked at.
    """

    def __init__(self):
        self.sampled = self.accepted = self.subtitled = 0
        self.rejected: collections.Counter[str] = collections.Counter()
        self.first: Pair | None = None
        self._sums, self._count = np.zeros(3), 0
        self._shown: tuple[bool, tuple] | None = None  # whether accepted; left, right, disparity

    def add(self, verdict: Judged, reason: str) -> None:
        """Takes a sample's verdict, and why it is refused all the same or "" if it is not."""
        measured = verdict.measured
        if np.isfinite(measured.percentile_5):
            self._sums += (measured.percentile_5, measured.percentile_95, measured.matched)
            self._count += 1
        self.subtitled += verdict.subtitles is not None
        if reason:
            self.rejected[reason] += 1
        else:
            self.accepted += 1
        better = self._shown is None or (not reason and not self._shown[0])
        if measured.views and better:
            self._shown = not reason, (*measured.views, measured.disparity)

    @property
    def means(self) -> np.ndarray:
        """5th and 95th percentile and matched share, NaN where nothing was measured."""
        return self._sums / self._count if self._count else self._sums * np.nan

    @property
    def picture(self) -> np.ndarray:
        """As `ShotReport.picture`, of the first accepted sample where there is one."""
        if self._shown:
            return draw_pair(*self._shown[1])
        return draw_pair(*self.first, None) if self.first else np.zeros(0, np.uint8)


def report_shot(
    shot,
    end: Fraction,
    film: FilmFacts,
    decision: ShotDecision,
    made: Measurements,
    time_offset: TimeOffsetDecision,
) -> ShotReport:
    """The report of a shot that has ended.

    Args:
        shot: The `Shot`.
        end: Time of the first frame after it in seconds.
        film: What is known of the movie.
        decision: What was decided about the shot.
        made: What was gathered.
        time_offset: Whether the right eye lags.

    Returns:
        The report.
    """
    low, high, matched = made.means
    order, composition = decision.eye_order, decision.composition
    return ShotReport(
        shot=shot.number,
        start_s=float(shot.start),
        end_s=float(end),
        layout=film.layout,
        swapped=UNSURE if order.swapped is None else order.swapped,
        accepted=made.accepted,
        reason=made.rejected.most_common(1)[0][0] if made.rejected else "",
        sampled=made.sampled,
        rejected=dict(made.rejected),
        percentile_5=float(low),
        percentile_95=float(high),
        matched=float(matched),
        swapped_probability=order.probability,
        **_geometry(film, decision, made),
        **_colors(decision),
        time_offset_frames=time_offset.frames,
        time_offset_confidence=time_offset.confidence,
        subtitled=made.subtitled,
        composition_width=composition.width if composition else None,
        composition_shift=composition.shift if composition else None,
        picture=made.picture,
    )


def _geometry(film: FilmFacts, decision: ShotDecision, made: Measurements) -> dict:
    sides = ("top", "bottom", "left", "right")
    bars = {f"bars_{one}": getattr(film.bars, one) + getattr(decision.bars, one) for one in sides}
    if not made.first:
        return bars | dict.fromkeys(_ALIGNMENT, math.nan)
    height, width = decision.bars.crop(made.first[0]).shape[:2]
    found = decision.misalignment
    if not found.points:
        return bars | dict.fromkeys(_ALIGNMENT, math.nan)
    values = (
        found.vertical_offset / 100 * height,
        found.rotation_deg,
        found.zoom,
        found.largest_error(width / height),
        found.residual,
    )
    return bars | dict(zip(_ALIGNMENT, values, strict=True))


def _colors(decision: ShotDecision) -> dict:
    color = decision.color
    values = (color.largest, color.contrast, color.sharpness) if color else (math.nan,) * 3
    return dict(zip(("color_difference", "contrast", "sharpness"), values, strict=True))


def draw_pair(left: np.ndarray, right: np.ndarray, disparity: np.ndarray | None) -> np.ndarray:
    """A pair and its depth at a glance.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: Likewise.
        disparity: (h, w) in pixels, NaN where unknown; None where it was not measured.

    Returns:
        Left view, right view, anaglyph and disparity (red is near, black unknown) side by side: the
        bytes of a JPEG file, uint8.
    """
    width = TILE_WIDTH
    height = max(1, round(left.shape[0] * width / left.shape[1]))
    left, right = (
        cv2.resize(view, (width, height), interpolation=cv2.INTER_AREA) for view in (left, right)
    )
    both = anaglyph(left, right, "anaglyph_dubois")
    depth = np.zeros_like(left)
    if disparity is not None:
        percent = cv2.resize(disparity, (width, height), interpolation=cv2.INTER_NEAREST)
        percent = percent * 100 / disparity.shape[1]
        known = np.isfinite(percent)
        middle = np.median(percent[known]) if known.any() else 0.0
        share = np.nan_to_num((percent - middle) / (2 * TILE_RANGE) + 0.5)
        gray = np.clip(np.rint(255 * share), 0, 255).astype(np.uint8)
        depth = cv2.cvtColor(cv2.applyColorMap(gray, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
        depth[~known] = 0
    sheet = cv2.cvtColor(np.hstack([left, right, both, depth]), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, PICTURE_QUALITY])
    return data
