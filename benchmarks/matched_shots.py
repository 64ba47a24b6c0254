"""Labels of a corpus beside what the ingestion's report says of the same shots.

The names of the report's columns and of its reasons are here and nowhere else in the benchmark.
"""

import csv
import dataclasses
import json
import math
import pathlib

# Columns of the report, by what the tables call them.
MOVIE, START, END, LAYOUT, REASON = "movie", "start_s", "end_s", "layout", "reason"
SWAPPED, SWAPPED_PROBABILITY = "swapped", "swapped_probability"
ACCEPTED, SAMPLED, REJECTED, SUBTITLED = "accepted", "sampled", "rejected", "subtitled"
BARS = ("bars_top", "bars_bottom", "bars_left", "bars_right")
VERTICAL_OFFSET, ROTATION, ZOOM = "vertical_offset_px", "rotation_deg", "zoom"
TIME_OFFSET = "time_offset_frames"

ERROR = "error: "  # begins the reason of a film that was refused or broke off
UNSURE = "unsure"
# Reasons for refusing a sample or a shot.
NO_PARALLAX, DUPLICATE, BLACK, FADE, FLASH = "no_parallax", "duplicate", "black", "fade", "flash"
ONE_EYE_BLACK, SUBTITLES, OUT_OF_LEVELS = "one_eye_black", "subtitles", "out_of_levels"
COLOR_MISMATCH, MISALIGNED, APART_IN_TIME = "color_mismatch", "misaligned", "time_offset"

# A row of the report and a shot of the label belong together from this share of the shorter on.
LEAST_OVERLAP = 0.5


@dataclasses.dataclass(frozen=True)
class MatchedShot:
    """A labelled shot and the report's rows of that time.

    Attributes:
        film: The label of its film.
        label: Of the shot.
        rows: Of the report, the one with most in common first; empty where there is none.
    """

    film: dict
    label: dict
    rows: list[dict]

    def value(self, column: str) -> float:
        """A number of the first row, NaN where it says nothing."""
        return number(self.rows[0].get(column)) if self.rows else math.nan

    def text(self, column: str) -> str:
        """A word of the first row, empty where it says nothing."""
        return (self.rows[0].get(column) or "") if self.rows else ""

    def total(self, column: str) -> int:
        """The sum of a count over all rows."""
        return sum(int(number(row.get(column), 0)) for row in self.rows)

    def rejected(self, reason: str) -> int:
        """How many samples were refused for a reason."""
        return sum(_reasons(row).get(reason, 0) for row in self.rows)

    @property
    def is_real(self) -> bool:
        """Whether its pictures are photographs."""
        return self.label["kind"] in ("pair", "clip")


@dataclasses.dataclass(frozen=True)
class JudgedFilm:
    """A labelled film and the report's rows.

    Attributes:
        label: Of the film.
        rows: Of its shots, in order of time.
        error: Why it was refused or broke off, empty if it was not.
        layout: What the report says; mono or anaglyph where the film was refused as such.
    """

    label: dict
    rows: list[dict]
    error: str
    layout: str

    @property
    def matched(self) -> list[MatchedShot]:
        """Its labelled shots."""
        return [self._match(label) for label in self.label["shots"]]

    def _match(self, label: dict) -> MatchedShot:
        shared = [(_overlap(label, row), row) for row in self.rows]
        found = [(share, row) for share, row in shared if share[1] >= LEAST_OVERLAP]
        found.sort(key=lambda pair: -pair[0][0])
        return MatchedShot(self.label, label, [row for _, row in found])


def read_films(corpus: pathlib.Path, report: pathlib.Path) -> list[JudgedFilm]:
    """The films of a corpus with their part of a report.

    Args:
        corpus: Folder of films and labels.
        report: The CSV of the ingestion.

    Returns:
        One for each label, in order of names.

    Raises:
        ValueError: If the folder holds no label.
    """
    with report.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    labels = [json.loads(path.read_text(encoding="utf-8")) for path in corpus.glob("*.json")]
    labels = [label for label in labels if "shots" in label]
    if not labels:
        raise ValueError(f"The folder must hold labelled films. Received: {corpus}")
    return [_judged(label, rows) for label in sorted(labels, key=lambda label: label["file"])]


def number(text, default: float = math.nan) -> float:
    """A number of the report; `default` where the field is empty or missing."""
    return float(text) if text not in (None, "", "None") else default


def _judged(label: dict, rows: list[dict]) -> JudgedFilm:
    name = pathlib.PurePath(label["file"]).stem
    own = [row for row in rows if pathlib.PurePosixPath(row[MOVIE]).name == name]
    errors = [row[REASON] for row in own if row[REASON].startswith(ERROR)]
    shots = [row for row in own if not row[REASON].startswith(ERROR) and row[START] != ""]
    told = {row[LAYOUT] for row in own if row.get(LAYOUT)}
    layout = told.pop() if len(told) == 1 else ""
    error = errors[0][len(ERROR) :] if errors else ""
    return JudgedFilm(label, shots, error, layout or _layout_in_words(error))


def _layout_in_words(error: str) -> str:
    words = error.casefold()
    if "anaglyph" in words:
        return "anaglyph"
    return "mono" if "mono" in words or "2d" in words else ""


def _overlap(label: dict, row: dict) -> tuple[float, float]:
    """Seconds in common, and their share of the shorter one."""
    begin = max(label["start_s"], number(row[START]))
    end = min(label["end_s"], number(row[END]))
    shorter = min(label["end_s"] - label["start_s"], number(row[END]) - number(row[START]))
    return max(end - begin, 0.0), max(end - begin, 0.0) / max(shorter, 1e-6)


def _reasons(row: dict) -> dict[str, int]:
    pairs = (pair.rpartition(":") for pair in (row.get(REJECTED) or "").split())
    return {reason: int(count) for reason, _, count in pairs}
