"""One table for each decision of the ingestion: how often it was right, and how it was wrong."""

import collections
import dataclasses
import math
from collections.abc import Callable, Iterable

import matched_shots as report
from matched_shots import JudgedFilm, MatchedShot

from deep3d.video import LAYOUTS

CONFIDENT = 0.9  # probability from which a verdict about the eyes' order counts as confident
CUT_TOLERANCE_S = 0.15
NEAR_BARS, NEAR_OFFSET = 2.0, 0.3  # pixels
PICTURES = ("synthetic", "wide", "moving", "pair", "flat", "clip")
OUT_OF_LEVELS_ABOVE, WITHIN_LEVELS_BELOW = 3.8, 3.0  # percent of the width


@dataclasses.dataclass(frozen=True)
class Table:
    """Lines of words and numbers under a heading.

    Attributes:
        title: What was decided.
        columns: Their names.
        lines: As many cells as columns.
    """

    title: str
    columns: tuple[str, ...]
    lines: list[tuple]


def all_tables(films: list[JudgedFilm]) -> list[Table]:
    """The tables of all decisions.

    Args:
        films: Labels and reports.

    Returns:
        Tables in the order in which decisions are taken.
    """
    whole = [film for film in films if film.label["file_fault"] in ("", "truncated")]
    stereo = [film for film in whole if film.label["layout"] in LAYOUTS]
    shots = [shot for film in stereo for shot in film.matched if _is_there(film, shot)]
    together = [shot for shot in shots if not shot.film["time_offset_frames"]]
    return [
        layouts(whole),
        cuts(stereo),
        eye_orders(together),
        bars(together),
        no_parallax(together),
        vertical_offsets(together),
        subtitles(together),
        light(together),
        other_refusals(together),
        time_offsets(stereo),
        file_faults(films),
    ]


def layouts(films: list[JudgedFilm]) -> Table:
    """What each layout was taken for; a film without any parallax is 2D in whatever layout."""
    counts: collections.Counter = collections.Counter()
    for film in films:
        truth = film.label["layout"]
        truth = "anaglyph" if truth.startswith("anaglyph") else truth
        if truth != "mono" and not any(shot["parallax"] for shot in film.label["shots"]):
            truth = "both eyes alike"
        counts[truth, film.layout or ("refused" if film.error else "no row")] += 1
    return _confusion("Layout of films", counts)


def cuts(films: list[JudgedFilm]) -> Table:
    """Cuts of the labels that the report has, and those that it has besides."""
    found = missed = false = 0
    for film in films:
        if not film.rows or film.label["time_offset_frames"]:
            continue
        true = [shot["start_s"] for shot in film.label["shots"][1:]]
        told = [report.number(row[report.START]) for row in film.rows[1:]]
        hits = sum(any(abs(a - b) <= CUT_TOLERANCE_S for b in told) for a in true)
        found, missed = found + hits, missed + len(true) - hits
        false += sum(all(abs(a - b) > CUT_TOLERANCE_S for a in true) for b in told)
    columns = ("cuts", "found", "missed", "false")
    return Table("Cuts between shots", columns, [(found + missed, found, missed, false)])


def eye_orders(shots: list[MatchedShot]) -> Table:
    """Which eye was taken for the left one, of shots that have parallax."""
    names = ("right", "unsure", "wrong", "wrong, confident", "no row")
    return _grouped(
        "Order of the eyes, shots with parallax",
        [shot for shot in shots if shot.label["parallax"]],
        lambda shot: f"{_material(shot)}, {'swapped' if shot.label['swapped'] else 'in order'}",
        names,
        _eye_verdict,
    )


def _eye_verdict(shot: MatchedShot) -> str:
    told = shot.text(report.SWAPPED)
    if not told:
        return "no row"
    if told == report.UNSURE:
        return "unsure"
    swapped = told == "True"
    if swapped == shot.label["swapped"]:
        return "right"
    probability = shot.value(report.SWAPPED_PROBABILITY)
    sure = probability if swapped else 1 - probability
    return "wrong, confident" if not sure < CONFIDENT else "wrong"


def bars(shots: list[MatchedShot]) -> Table:
    """Error of the worst side of each shot, in pixels; a floating window is cut from both eyes."""
    errors = collections.defaultdict(list)
    for shot in shots:
        if shot.label["kind"] not in PICTURES or shot.label["black_eye"]:
            continue
        top, bottom, left, right = shot.label["bars"]
        window = shot.label["floating_window"]
        truth = (top, bottom, left + window[0], right + window[1])
        group = "floating window" if any(window) else "bars" if any(truth) else "no bars"
        told = [shot.value(column) for column in report.BARS]
        errors[group].append(max(abs(a - b) for a, b in zip(told, truth, strict=True)))
    return _errors("Black bars, px", errors, NEAR_BARS)


def no_parallax(shots: list[MatchedShot]) -> Table:
    """What became of shots with and without parallax; static ones may pass for duplicates."""

    def group(shot):
        kinds = {"flat": "2D insert", "clip": "2D insert", "title_on_picture": "title"}
        kind = shot.label["kind"]
        return kinds.get(kind, kind) if shot.label["no_parallax"] else "with parallax"

    def verdict(shot):
        if not shot.rows:
            return "no row"
        if shot.total(report.ACCEPTED):
            return "accepted"
        refused = shot.rejected(report.NO_PARALLAX)
        refused += shot.rejected(report.DUPLICATE) * (refused > 0 and shot.label["no_parallax"])
        share = refused / max(shot.total(report.SAMPLED), 1)
        return "no parallax" if share > 0.5 else "other reason"

    chosen = [s for s in shots if not s.label["black"] and not s.label["black_eye"]]
    columns = ("no parallax", "accepted", "other reason", "no row")
    return _grouped("No parallax, title cards and 2D inserts", chosen, group, columns, verdict)


def vertical_offsets(shots: list[MatchedShot]) -> Table:
    """Error of the vertical offset in pixels of the view.

    The report's sign depends on which eye it takes for the right one, so either is right where the
    eyes are swapped.
    """
    errors = collections.defaultdict(list)
    for shot in shots:
        label = shot.label
        if not label["vertical_offset_known"]:
            continue
        truth, told = label["vertical_offset_px"], shot.value(report.VERTICAL_OFFSET)
        error = abs(told - truth)
        if label["swapped"]:
            error = min(error, abs(told + truth))
        kind = "turned" if label["rotation_deg"] else "moved" if truth else "aligned"
        errors[f"{_material(shot)}, {kind}"].append(error)
    return _errors("Vertical offset, px", errors, NEAR_OFFSET)


def subtitles(shots: list[MatchedShot]) -> Table:
    """Shots in which words were seen, other words being those of titles."""

    def group(shot):
        words = "subtitles" if shot.label["subtitles"] else "none"
        return f"{_material(shot)}, {words}{' on a bar' if _are_on_bars(shot) else ''}"

    def verdict(shot):
        seen = shot.total(report.SUBTITLED) + shot.rejected(report.SUBTITLES)
        return "no row" if not shot.rows else "seen" if seen else "not seen"

    chosen = [s for s in shots if s.label["kind"] in PICTURES and not s.label["black_eye"]]
    return _grouped("Subtitles, shots", chosen, group, ("seen", "not seen", "no row"), verdict)


def _are_on_bars(shot: MatchedShot) -> bool:
    """Whether a shot's words are cropped with its black bars, so that none are in the picture."""
    top, bottom, *_ = shot.label["bars"]
    boxes = [words["box"] for words in shot.label["subtitles"]]
    lowest = shot.film["height"] - bottom
    return bool(boxes) and all(box["bottom"] <= top or box["top"] >= lowest for box in boxes)


def light(shots: list[MatchedShot]) -> Table:
    """Which samples were refused for their light; of a flash there may be none."""
    reasons = (report.BLACK, report.FADE, report.FLASH)

    def group(shot):
        if shot.label["black"]:
            return "black"
        return shot.label["light"].replace("_", " ") or "even light"

    lines = []
    for name, members in _groups(shots, group):
        with_reason = [sum(shot.rejected(reason) > 0 for shot in members) for reason in reasons]
        lines.append((name, len(members), *with_reason))
    columns = ("shots", "number", *(f"with a {reason} sample" for reason in reasons))
    return Table("Black, fades and flashes", columns, lines)


def other_refusals(shots: list[MatchedShot]) -> Table:
    """Faults whose shots are refused, entirely or but for one sample: found, and false.

    A shot that stands still and is refused for something else, as titles are, needs no finding.
    """
    kinds: dict[str, tuple[str, Callable[[MatchedShot], bool | None]]] = {
        "static": (
            report.DUPLICATE,
            lambda shot: (
                (shot.total(report.ACCEPTED) > 0 or None) if shot.label["static"] else False
            ),
        ),
        "one eye black": (report.ONE_EYE_BLACK, lambda shot: bool(shot.label["black_eye"])),
        "beyond the levels": (report.OUT_OF_LEVELS, _is_beyond_levels),
    }
    lines = []
    for name, (reason, is_so) in kinds.items():
        told = [
            (is_so(s), s.rejected(reason) > 0) for s in shots if s.rows and not s.label["black"]
        ]
        found = [said for truth, said in told if truth]
        false = [said for truth, said in told if truth is False]
        lines.append((name, len(found), sum(found), len(false), sum(false)))
    columns = ("fault", "shots with it", "of these found", "shots without", "of these found")
    return Table("Other reasons", columns, lines)


def _is_beyond_levels(shot: MatchedShot) -> bool | None:
    """Whether the shot's parallax is too much; None where that is a matter of the threshold."""
    values = shot.label["disparity_percent"]
    if not (values and shot.label["disparity_exact"] and shot.label["parallax"]):
        return None
    spread = values[1] - values[0]
    if WITHIN_LEVELS_BELOW <= spread <= OUT_OF_LEVELS_ABOVE:
        return None
    return spread > OUT_OF_LEVELS_ABOVE


def time_offsets(films: list[JudgedFilm]) -> Table:
    """Frames between the eyes of a film, as most of its shots that tell have it."""
    counts: collections.Counter = collections.Counter()
    for film in films:
        if film.rows:
            told = [row[report.TIME_OFFSET] for row in film.rows if row.get(report.TIME_OFFSET)]
            most = collections.Counter(round(float(t)) for t in told).most_common(1)
            counts[film.label["time_offset_frames"], most[0][0] if most else "not told"] += 1
    return _confusion("Frames between the eyes, films", counts)


def file_faults(films: list[JudgedFilm]) -> Table:
    """What is said of damaged files."""
    lines = []
    for film in films:
        if film.label["file_fault"]:
            accepted = sum(int(report.number(row[report.ACCEPTED], 0)) for row in film.rows)
            said = film.error or "nothing"
            lines.append((film.label["file_fault"], len(film.rows), accepted, said))
    return Table("Files", ("fault", "shots", "accepted frames", "said"), lines)


def _is_there(film: JudgedFilm, shot: MatchedShot) -> bool:
    """Whether the file still holds the shot."""
    return film.label["file_fault"] != "truncated" or bool(shot.rows)


def _material(shot: MatchedShot) -> str:
    return "real" if shot.is_real else "made up"


def _groups(shots: Iterable[MatchedShot], group) -> list[tuple[str, list[MatchedShot]]]:
    groups = collections.defaultdict(list)
    for shot in shots:
        groups[group(shot)].append(shot)
    return sorted(groups.items())


def _grouped(title, shots, group, verdicts: tuple[str, ...], verdict) -> Table:
    """How many shots of each group got each verdict."""
    lines = []
    for name, members in [*_groups(shots, group), ("all", shots)]:
        counts = collections.Counter(map(verdict, members))
        lines.append((name, len(members), *(counts[one] for one in verdicts)))
    return Table(title, ("shots", "number", *verdicts), lines)


def _errors(title: str, errors: dict[str, list[float]], near: float) -> Table:
    """Number, share near enough, median and largest error of each group."""
    lines = []
    everything = [error for values in errors.values() for error in values]
    for name, values in [*sorted(errors.items()), ("all", everything)]:
        known = sorted(value for value in values if math.isfinite(value))
        close = sum(value <= near for value in known)
        share = f"{100 * close / len(known):.1f} %" if known else "-"
        middle, worst = (f"{known[k]:.2f}" if known else "-" for k in (len(known) // 2, -1))
        lines.append((name, len(values), len(known), share, middle, worst))
    columns = ("shots", "number", "measured", f"within {near:g}", "median error", "worst")
    return Table(title, columns, lines)


def _confusion(title: str, counts: collections.Counter) -> Table:
    truths, told = (sorted({key[k] for key in counts}, key=str) for k in (0, 1))
    lines = [(truth, *(counts[truth, one] for one in told)) for truth in truths]
    return Table(title, ("true \\ told", *map(str, told)), lines)
