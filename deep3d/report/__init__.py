"""The result of an evaluation for people and programs: text, JSON, LaTeX, and a page to look at."""

from deep3d.report.cases import Cases
from deep3d.report.files import write_result
from deep3d.report.latex import format_latex
from deep3d.report.text import (
    format_classes,
    format_comparison,
    format_films,
    format_further_scores,
    format_result,
    format_table,
)

__all__ = [
    "Cases",
    "format_classes",
    "format_comparison",
    "format_films",
    "format_further_scores",
    "format_latex",
    "format_result",
    "format_table",
    "write_result",
]
