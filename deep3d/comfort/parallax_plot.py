"""The picture of a parallax report: depth over time, the screen in the middle, near above."""

import cv2
import numpy as np

WIDTH, HEIGHT = 1280, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 90, 50
WHITE, BLACK, GRAY, PALE = (255, 255, 255), (30, 30, 30), (120, 120, 120), (225, 225, 225)
RANGE, OUTSIDE, SUBJECT, MARK = (150, 180, 215), (225, 110, 90), (20, 60, 120), (200, 30, 30)
# Shots narrower than this get no mark of their own edge.
LEAST_GAP = 3
TICKS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)


def draw_report(result: dict) -> np.ndarray:
    """Draws what `ParallaxReport.result` returns.

    Args:
        result: The report.

    Returns:
        (560, 1280, 3) uint8 RGB.
    """
    picture = np.full((HEIGHT, WIDTH, 3), WHITE, np.uint8)
    shots, budget = result["shots"], result["budget"]
    shown = [abs(s[name]) for s in shots for name in ("lowest", "highest") if s[name] is not None]
    reach = 1.15 * max([*shown, *budget.values()])
    ends = [shot["start_s"] for shot in shots[1:]] + [shots[-1]["end_s"]]
    scale = _Scale(shots[0]["start_s"], max(ends[-1], shots[0]["start_s"] + 0.04), reach)
    _draw_axes(picture, scale, budget)
    for shot, end_s in zip(shots, ends, strict=True):
        if shot["low"] is not None:
            _draw_shot(picture, scale, shot, end_s, budget, result["limits"])
    _draw_heading(picture, result)
    return picture


class _Scale:
    """Seconds and % of the width -> columns and rows of the picture."""

    def __init__(self, first_s: float, last_s: float, reach: float):
        self.first_s, self.last_s, self.reach = first_s, last_s, reach

    def column(self, time_s: float) -> int:
        share = (time_s - self.first_s) / (self.last_s - self.first_s)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT))

    def row(self, parallax: float) -> int:
        return round(TOP + (0.5 - 0.5 * parallax / self.reach) * (HEIGHT - TOP - BOTTOM))


def _draw_axes(picture, scale: _Scale, budget: dict):
    first, last = LEFT, WIDTH - RIGHT
    step = 0.5 if scale.reach < 3 else 1.0 if scale.reach < 8 else 5.0
    for number in range(-int(scale.reach / step), int(scale.reach / step) + 1):
        row = scale.row(number * step)
        cv2.line(picture, (first, row), (last, row), PALE if number else GRAY, 1)
        _write(picture, f"{number * step:+.1f} %" if number else "screen", (8, row + 4), BLACK)
    for limit in (budget["front"], -budget["back"]):
        row = scale.row(limit)
        for column in range(first, last, 14):
            cv2.line(picture, (column, row), (min(column + 7, last), row), MARK, 1)
    span = scale.last_s - scale.first_s
    tick = next((tick for tick in TICKS if span / tick <= 14), 3600)
    for number in range(int(-(-scale.first_s // tick)), int(scale.last_s / tick) + 1):
        column = scale.column(number * tick)
        cv2.line(picture, (column, HEIGHT - BOTTOM), (column, HEIGHT - BOTTOM + 5), GRAY, 1)
        _write(picture, _clock(number * tick), (column - 14, HEIGHT - BOTTOM + 20), BLACK)


def _draw_shot(picture, scale: _Scale, shot: dict, end_s: float, budget: dict, limits: dict):
    first, last = scale.column(shot["start_s"]), scale.column(end_s)
    last = max(first, last - 1) if last - first >= LEAST_GAP else last
    low, high = shot["low"], shot["high"]
    inside = max(low, -budget["back"]), min(high, budget["front"])
    for ends, color in (((low, high), OUTSIDE), (inside, RANGE)):
        if ends[0] <= ends[1]:
            corners = (first, scale.row(ends[1])), (last, scale.row(ends[0]))
            cv2.rectangle(picture, *corners, color, cv2.FILLED)
    if None not in (shot["subject_first"], shot["subject_last"]):
        ends = (first, scale.row(shot["subject_first"])), (last, scale.row(shot["subject_last"]))
        cv2.line(picture, *ends, SUBJECT, 2, cv2.LINE_AA)
    middle = (first + last) // 2
    if shot["violated"] > 0:
        cv2.circle(picture, (middle, TOP - 8), 4, MARK, cv2.FILLED, cv2.LINE_AA)
    if shot["jump"] is not None and shot["jump"] > limits["jump"]:
        cv2.line(picture, (first, TOP), (first, HEIGHT - BOTTOM), MARK, 1)


def _draw_heading(picture, result: dict):
    film, budget = result["film"], result["budget"]
    percent = (
        f"{100 * share:.2f}" if share is not None else "?"
        for share in (film["beyond_front"], film["beyond_back"], film["violated"])
    )
    front, back, violated = percent
    jump = "none" if film["largest_jump"] is None else f"{film['largest_jump']:.2f} %"
    lines = (
        f"Parallax in % of the width: {film['shots']} shots, {film['frames']} frames; of all "
        f"pixels {front} % beyond +{budget['front']:g}, {back} % beyond -{budget['back']:g}",
        f"bars: 1st to 99th percentile; dark lines: subject; largest jump of it at a cut: {jump} "
        f"(red lines: above {result['limits']['jump']:g})",
        f"red dots: something in front of the screen is cut off by the frame's edge "
        f"({violated} % of the frames)",
    )
    for number, line in enumerate(lines):
        _write(picture, line, (12, 22 + 20 * number), BLACK, 0.5)


def _write(picture, text: str, place: tuple[int, int], color, size: float = 0.42):
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)


def _clock(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
