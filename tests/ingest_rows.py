"""Made-up films of an ingest, as its report is given them."""

import base64
import math

import cv2
import numpy as np

from data_pipeline.ingest_report.ingest_page import FilmRow
from data_pipeline.ingest_report.thresholds import thresholds_in_force
from data_pipeline.movie_options import MovieOptions

NAN = math.nan


def shot(number: int, **changes) -> dict:
    """The fields of a `ShotReport` of an accepted shot of four seconds, eyes in order."""
    return {
        "shot": number,
        "start_s": 4.0 * number,
        "end_s": 4.0 * number + 4.0,
        "layout": "half_sbs",
        "swapped": False,
        "accepted": 8,
        "reason": "",
        "sampled": 8,
        "rejected": {},
        "percentile_5": -0.6,
        "percentile_95": 1.2,
        "matched": 0.71,
        "swapped_probability": 0.02,
        "bars_top": 138,
        "bars_bottom": 138,
        "bars_left": 0,
        "bars_right": 0,
        "vertical_offset_px": -0.001,
        "rotation_deg": 0.02,
        "zoom": 1.001,
        "color_difference": 3.2,
        "time_offset_frames": 0,
        "subtitled": 0,
        "composition_width": 432,
        "composition_shift": -3,
        "picture": picture(number),
    } | changes


def refused(number: int, reason: str, **changes) -> dict:
    """The same of a shot without an accepted sample, of which nothing could be measured."""
    unknown = dict.fromkeys(("percentile_5", "percentile_95", "matched", "color_difference"), NAN)
    nothing = {"swapped": "unsure", "swapped_probability": 0.5, "time_offset_frames": None}
    composed = {"composition_width": None, "composition_shift": None}
    became = {"accepted": 0, "reason": reason, "rejected": {reason: 8}}
    return shot(number, **unknown, **nothing, **composed, **became) | changes


def film(name: str, shots, **changes) -> FilmRow:
    """A film with these shots."""
    facts = {
        "layout": "half_sbs",
        "layout_score": 0.98,
        "evidence": {"side_by_side": 0.93, "prior": "half_sbs", "prior_source": "name"},
        "bars": {"top": 138, "bottom": 138, "left": 0, "right": 0},
    }
    known = {"split": "train", "facts": facts, "duration_s": 4.0 * len(shots)}
    return FilmRow(name=name, shots=shots, **(known | changes))


def thresholds():
    """Those of the default options and a limit of another module."""
    return thresholds_in_force(MovieOptions(), {"color_difference": 20.0})


def picture(number: int) -> str:
    """A small JPEG file as base64."""
    _, data = cv2.imencode(".jpg", np.full((8, 32, 3), 40 * (number % 6), np.uint8))
    return base64.b64encode(data.tobytes()).decode("ascii")
