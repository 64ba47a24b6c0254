"""Judges the ingestion by films with known faults: a table for every decision.

    python benchmarks/faulty_films.py --output=CORPUS
    python benchmarks/ingest_decisions.py --corpus=CORPUS [--report=report.csv] [--markdown]

Without --report the films are ingested first; --data keeps that data set. Shots of label and report
belong together where they overlap in time. Eyes and bars, offsets and the rest are judged on films
that are stereo and whole; real and made-up pictures are counted apart, because real pairs are
aligned to a fraction of a pixel only. The films of a file fault are in the last table.
"""

import contextlib
import pathlib
import sys
import tempfile

from absl import flags
from decision_tables import Table, all_tables
from matched_shots import read_films

from deep3d.command_line import UsageError, load_tensorflow, run_script

flags.DEFINE_string("corpus", None, "Folder of films with labels, from faulty_films.py.")
flags.DEFINE_string("report", None, "report.csv of an ingestion of them; without, it is made.")
flags.DEFINE_string("data", None, "Folder for the data set that is made; default: removed again.")
flags.DEFINE_boolean("markdown", False, "Print the tables in Markdown.")


def main(arguments):
    """Prints the tables."""
    options = flags.FLAGS
    if arguments or not options.corpus:
        raise UsageError("Give --corpus, and flags alone.")
    corpus = pathlib.Path(options.corpus)
    if not corpus.is_dir():
        raise UsageError(f"{corpus} is no folder.")
    with contextlib.ExitStack() as stack:
        path = options.report and pathlib.Path(options.report)
        if not path:
            data = options.data or stack.enter_context(tempfile.TemporaryDirectory())
            path = _ingested(corpus, pathlib.Path(data))
        tables = all_tables(read_films(corpus, path))
    print("\n\n".join(map(markdown if options.markdown else plain_text, tables)))


def _ingested(corpus: pathlib.Path, data: pathlib.Path) -> pathlib.Path:
    """Ingests the films; the path of the report."""
    load_tensorflow()
    from data_pipeline.ingest import IngestConfig, ingest
    from data_pipeline.storage.stored_files import REPORT

    config = IngestConfig(movies=str(corpus), output=str(data), overwrite=True)
    ingest(config, say=lambda line: print(line, file=sys.stderr, flush=True))
    return data / REPORT


def markdown(table: Table) -> str:
    """A table with its heading in Markdown."""
    lines = [f"**{table.title}**", "", _row(table.columns), _row(["---"] * len(table.columns))]
    return "\n".join([*lines, *map(_row, table.lines)])


def plain_text(table: Table) -> str:
    """A table with its heading in columns of even width."""
    cells = [[str(cell) for cell in line] for line in (table.columns, *table.lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    return "\n".join([table.title, "-" * len(table.title), *map(str.rstrip, rows)])


def _row(cells) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    run_script(main, __doc__)
