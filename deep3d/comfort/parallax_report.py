"""Report on the parallax of a film, shot by shot, as JSON and as a picture."""

import dataclasses
import itertools
import json
import pathlib

import cv2
import numpy as np

from deep3d.atomic_file import write_bytes
from deep3d.comfort.budget import ParallaxBudget
from deep3d.comfort.frame_parallax import measure_parallax
from deep3d.comfort.parallax_plot import draw_report

# % of the width: a thing at the edge of the frame that is nearer than this violates the window,
# and a subject whose parallax changes by more than this at a cut makes the eyes leap.
VIOLATION = 0.2
LEAP = 0.5


class ParallaxReport:
    """Collects the parallax of frames while they stream by; a shot costs some numbers.

    Attributes:
        budget: What the parallax is held against.
    """

    def __init__(self, budget: ParallaxBudget):
        """Starts before the first frame.

        Args:
            budget: What the parallax is held against.
        """
        self.budget = budget
        self._shots: list[_Shot] = []

    def add(self, parallax: np.ndarray, time_s: float, starts_shot: bool):
        """Takes the next frame.

        Args:
            parallax: (rows, columns) in % of the width, of either view; NaN where it is unknown.
            time_s: When it is shown, in seconds.
            starts_shot: Whether a shot begins with it.
        """
        self.add_measures(parallax_measures(parallax, self.budget), time_s, starts_shot)

    def add_measures(self, measures: np.ndarray, time_s: float, starts_shot: bool):
        """Takes the next frame, which has been measured already.

        Args:
            measures: From `parallax_measures`.
            time_s: When it is shown, in seconds.
            starts_shot: Whether a shot begins with it.
        """
        if starts_shot or not self._shots:
            self._shots.append(_Shot(time_s))
        self._shots[-1].add(measures, time_s)

    def result(self) -> dict:
        """What was found.

        Returns:
            `budget`, `limits`, `film` and `shots`, to be written as JSON: parallax in % of the
            width, times in seconds, `beyond_` as shares of the pixels and `violated` of the
            frames; None where nothing is known.

        Raises:
            ValueError: If there were no frames.
        """
        if not self._shots:
            raise ValueError("A report must have at least one frame.")
        shots = [shot.facts(number) for number, shot in enumerate(self._shots)]
        for before, shot in itertools.pairwise(shots):
            ends = shot["subject_first"], before["subject_last"]
            shot["jump"] = None if None in ends else round(abs(ends[0] - ends[1]), 4)
        return {
            "budget": dataclasses.asdict(self.budget),
            "limits": {"edge": VIOLATION, "jump": LEAP},
            "film": _film(shots),
            "shots": shots,
        }

    def write(self, path) -> tuple[pathlib.Path, pathlib.Path]:
        """Writes the report.

        Args:
            path: Without a suffix, or with .json or .png.

        Returns:
            Path of the JSON file and of the picture.

        Raises:
            ValueError: If there were no frames.
            OSError: If a file cannot be written.
        """
        path, result = pathlib.Path(path), self.result()
        if path.suffix.lower() in (".json", ".png"):
            path = path.with_suffix("")
        files = path.with_name(f"{path.name}.json"), path.with_name(f"{path.name}.png")
        write_bytes(files[0], json.dumps(result, indent=1).encode())
        picture = cv2.cvtColor(draw_report(result), cv2.COLOR_RGB2BGR)
        write_bytes(files[1], cv2.imencode(".png", picture)[1].tobytes())
        return files


def parallax_measures(parallax: np.ndarray, budget: ParallaxBudget) -> np.ndarray:
    """The numbers of a frame that the report is made of.

    Args:
        parallax: (rows, columns) in % of the width, of either view; NaN where it is unknown.
        budget: What it is held against.

    Returns:
        Those of `FrameParallax`, then the shares of pixels in front of the budget and behind it.
    """
    known = parallax[np.isfinite(parallax)]
    beyond = [np.nan, np.nan]
    if known.size:
        beyond = [np.mean(known > budget.front), np.mean(known < -budget.back)]
    return np.array([*dataclasses.astuple(measure_parallax(parallax)), *beyond])


_MEASURES = (
    *("low", "median", "subject", "high", "left_edge", "right_edge"),
    *("beyond_front", "beyond_back"),
)


class _Shot:
    """Sums, extremes, first and last of the measures of a shot's frames."""

    def __init__(self, time_s: float):
        self.start_s = self.end_s = time_s
        self.frames = self.violated = 0
        self.sums, self.counts = np.zeros(len(_MEASURES)), np.zeros(len(_MEASURES), int)
        self.least, self.most = np.full((2, len(_MEASURES)), np.nan)
        self.first = self.last = None

    def add(self, measures: np.ndarray, time_s: float):
        """Takes the `_MEASURES` of the next frame."""
        self.end_s, self.frames = time_s, self.frames + 1
        self.sums += np.nan_to_num(measures)
        self.counts += np.isfinite(measures)
        self.least, self.most = np.fmin(self.least, measures), np.fmax(self.most, measures)
        self.first = measures if self.first is None else self.first
        self.last = measures
        left, right = (measures[_MEASURES.index(edge)] for edge in ("left_edge", "right_edge"))
        self.violated += bool(left > VIOLATION or right > VIOLATION)

    def facts(self, number: int) -> dict:
        """What the report says of the shot, but for the jump to it."""
        means = [
            total / count if count else np.nan
            for total, count in zip(self.sums, self.counts, strict=True)
        ]
        mean, least, most, first, last = (
            dict(zip(_MEASURES, map(_rounded, values), strict=True))
            for values in (means, self.least, self.most, self.first, self.last)
        )
        return {
            "shot": number,
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "frames": self.frames,
            **{name: mean[name] for name in ("low", "median", "subject", "high")},
            "lowest": least["low"],
            "highest": most["high"],
            "subject_first": first["subject"],
            "subject_last": last["subject"],
            **{name: mean[name] for name in ("beyond_front", "beyond_back")},
            "nearest_at_left_edge": most["left_edge"],
            "nearest_at_right_edge": most["right_edge"],
            "violated": round(self.violated / self.frames, 4),
            "jump": None,
        }


def _film(shots: list[dict]) -> dict:
    """The worst of all shots, and how many are concerned."""
    jumps = [shot["jump"] for shot in shots if shot["jump"] is not None]
    return {
        "frames": sum(shot["frames"] for shot in shots),
        "shots": len(shots),
        "lowest": min((s["lowest"] for s in shots if s["lowest"] is not None), default=None),
        "highest": max((s["highest"] for s in shots if s["highest"] is not None), default=None),
        "beyond_front": _weighted(shots, "beyond_front"),
        "beyond_back": _weighted(shots, "beyond_back"),
        "violated": _weighted(shots, "violated"),
        "mean_jump": round(float(np.mean(jumps)), 4) if jumps else None,
        "largest_jump": max(jumps, default=None),
        "leaps": sum(jump > LEAP for jump in jumps),
    }


def _weighted(shots: list[dict], name: str) -> float | None:
    known = [(shot[name], shot["frames"]) for shot in shots if shot[name] is not None]
    if not known:
        return None
    values, frames = zip(*known, strict=True)
    return round(float(np.average(values, weights=frames)), 4)


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
