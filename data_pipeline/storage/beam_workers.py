"""Movies read on Apache Beam: DirectRunner here, Flink, Spark or Dataflow on many machines.

The pipeline is the list of movies and `ingest_movie`. Every worker reads the movies and writes to
the work folder under the paths of the machine that starts it: both must be on a disk that all
share.
"""

import functools
import importlib
import pathlib
import shlex
from collections.abc import Sequence

from data_pipeline.movie_options import MovieOptions
from data_pipeline.storage.movie_store import ingest_movie
from data_pipeline.storage.sources import Source

RUNNERS = ("DirectRunner", "FlinkRunner", "SparkRunner", "DataflowRunner")


class BeamError(ValueError):
    """The pipeline cannot be started, or broke off; the message is for the user."""


def load_beam():
    """Imports Apache Beam.

    Raises:
        BeamError: If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module("apache_beam")
    except ImportError as error:
        raise BeamError(
            f"--runner needs Apache Beam ({error}): pip install 'deep3d[beam]'"
        ) from error


def read_movies_on_beam(
    movies: Sequence[Source],
    options: MovieOptions,
    folder: pathlib.Path,
    workers: int,
    runner: str,
    runner_options: str = "",
) -> None:
    """Ingests movies on Apache Beam; the same call goes on where one broke off.

    Args:
        movies: Those to read.
        options: What is accepted.
        folder: Where they are stored.
        workers: Processes of DirectRunner; the others have options of their own for it.
        runner: One of `RUNNERS`.
        runner_options: Its options, as on a command line.

    Raises:
        BeamError: If Beam is missing or the pipeline broke off.
    """
    beam = load_beam()
    from apache_beam.options.pipeline_options import PipelineOptions

    words = [f"--runner={runner}", "--default_sdk_harness_log_level=ERROR"]
    words += shlex.split(runner_options)
    if runner == "DirectRunner" and workers > 1:
        words += [f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing"]
    read = functools.partial(ingest_movie, options=options, folder=folder.resolve())
    try:
        with beam.Pipeline(options=PipelineOptions(words)) as pipeline:
            _ = (
                pipeline
                | "Movies" >> beam.Create(list(movies))
                # Otherwise one worker may be given them all.
                | "Spread" >> beam.Reshuffle()
                | "Read" >> beam.Map(read)
            )
    except Exception as error:  # each runner has its own
        lines = [line for line in str(error).splitlines() if line.strip()]
        last = lines[-1].strip() if lines else type(error).__name__
        raise BeamError(f"the pipeline of {runner} broke off: {last}") from error
