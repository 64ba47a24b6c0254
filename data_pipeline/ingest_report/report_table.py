"""The report of an ingest as a table: a row for every shot, and one for what cannot be read.

What had to be put up with in a movie stands in the column `remarks` of its first row, so that every
row but those of errors is a shot.
"""

import csv
import io
from collections.abc import Sequence

# What people look for comes first; further columns are whatever the shots report.
FIRST_COLUMNS = (
    *("movie", "shot", "start_s", "end_s", "layout", "swapped", "accepted", "reason", "split"),
)


def report_table(movies: Sequence[dict]) -> str:
    """The table as CSV.

    Args:
        movies: Those of the manifest, with their `shots`.
    """
    rows = [row for movie in movies for row in _rows(movie)]
    further = dict.fromkeys(name for row in rows for name in row if name not in FIRST_COLUMNS)
    text = io.StringIO()
    writer = csv.DictWriter(text, (*FIRST_COLUMNS, *sorted(further)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(movie: dict) -> list[dict]:
    common = {"movie": movie["name"], "split": movie["split"]}
    rows = [common | {name: _cell(value) for name, value in s.items()} for s in movie["shots"]]
    if movie["error"]:
        rows.append(common | {"reason": f"error: {movie['error']}"})
    if movie["remarks"] and rows:
        rows[0]["remarks"] = ", ".join(movie["remarks"])
    return rows


def _cell(value):
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return " ".join(f"{name}:{_cell(one)}" for name, one in sorted(value.items()))
    if isinstance(value, list):
        return " ".join(str(_cell(one)) for one in value)
    return "" if value is None else value
