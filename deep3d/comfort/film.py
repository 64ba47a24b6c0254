"""Parallax of a film that is in 3D already, by matching its two views."""

import pathlib
import re

import numpy as np

from deep3d.comfort.budget import ParallaxBudget
from deep3d.comfort.parallax_report import ParallaxReport
from deep3d.stereo_matching import match_coarsely
from deep3d.video import ShotDetector, VideoReader, unpack
from deep3d.wording import either

# Layouts in which both views can be matched.
LAYOUTS = ("half_sbs", "full_sbs", "half_tab", "full_tab", "cross_eyed", "interleaved")
# Words between dots, dashes or underscores of a name, after those of half formats and players.
_NAMES = {
    "full_sbs": r"full[._-]?sbs|fsbs|lrf",
    "half_sbs": r"h(alf)?[._-]?sbs|sbs|lr",
    "full_tab": r"full[._-]?(tab|ou)|ftab|tbf",
    "half_tab": r"h(alf)?[._-]?(tab|ou)|hou|tab|tb|ou",
    "cross_eyed": r"rlf",
    "interleaved": r"rows",
}
# Parallax up to this share of the width is searched, on both sides of the screen.
SEARCHED = 0.06


def layout_of_name(path) -> str | None:
    """What the name of a 3D film says about its layout.

    Args:
        path: The film.

    Returns:
        One of `LAYOUTS`; None if the name says nothing.
    """
    stem = pathlib.Path(path).stem.lower()
    for layout, words in _NAMES.items():
        if re.search(rf"(?:^|[._ -])(?:{words})(?:$|[._ -])", stem):
            return layout
    return None


def measure_film(
    path,
    layout: str,
    budget: ParallaxBudget,
    every_s: float = 0.5,
    start_s: float | None = None,
    end_s: float | None = None,
) -> ParallaxReport:
    """Measures the parallax of a 3D film.

    Every shot's first and last frame are matched, and frames between them.

    Args:
        path: The film.
        layout: One of `LAYOUTS`.
        budget: What its parallax is held against.
        every_s: Seconds between two frames that are matched.
        start_s: Second at which to begin.
        end_s: Second at which to end.

    Returns:
        The report.

    Raises:
        VideoError: If the film cannot be read.
        ValueError: If the layout is none of these, or does not fit the frames.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"The layout must be one of {either(LAYOUTS)}. Received: {layout!r}")
    report, detector = ParallaxReport(budget), ShotDetector()
    skipped, due_s = None, 0.0
    with VideoReader(path, start_s, end_s) as reader:
        for frame in reader:
            views, time_s = unpack(frame.image, layout), float(frame.time)
            starts_shot = detector.update(views[0])
            if starts_shot and skipped is not None:
                report.add(_matched(*skipped[0]), skipped[1], False)
            if starts_shot or time_s >= due_s:
                report.add(_matched(*views), time_s, starts_shot)
                skipped, due_s = None, time_s + every_s
            else:
                skipped = views, time_s
    if skipped is not None:
        report.add(_matched(*skipped[0]), skipped[1], False)
    return report


def _matched(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    disparity = match_coarsely(left, right, SEARCHED)
    return disparity * (100.0 / disparity.shape[1])
