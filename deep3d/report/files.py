"""The files that an evaluation leaves behind."""

import json
import pathlib

from deep3d.atomic_file import write_bytes
from deep3d.report.cases import Cases
from deep3d.report.latex import format_latex
from deep3d.report.page import format_page
from deep3d.report.text import format_result


def write_result(result: dict, folder, cases: Cases | None = None):
    """Writes `eval.json`, `eval.txt`, `eval.tex` and `eval.html`.

    Args:
        result: Return value of `evaluate`, with what eval.py adds to it.
        folder: Made if missing.
        cases: The pairs that the page shows.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / "eval.json", json.dumps(result, indent=1).encode())
    write_bytes(folder / "eval.txt", f"{format_result(result)}\n".encode())
    write_bytes(folder / "eval.tex", f"{format_latex(result)}\n".encode())
    write_bytes(folder / "eval.html", format_page(result, cases).encode())
