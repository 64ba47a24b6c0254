"""The options of `python -m data_pipeline.ingest`."""

import dataclasses

from data_pipeline.movie_options import AUTO, MovieOptions


class IngestError(ValueError):
    """The data set cannot be made; the message is for the user."""


@dataclasses.dataclass(frozen=True)
class IngestConfig:
    """What to make, of what, and how.

    Attributes:
        movies: 3D movies: a file, a folder or a glob pattern; further ones as plain arguments.
        output: Folder of the data set; must not exist yet.
        layout: half_sbs, full_sbs, half_tab or full_tab; auto decides by the pictures of each.
        eyes: left_first or right_first for all movies; auto decides for every shot.
        every_s: Seconds between two frames taken from a shot.
        width: Width of the stored views before columns without a partner are cropped.
        minimum_width: Narrower composed views are rejected.
        frames_before: Consecutive frames before each stored one that are stored with it, for
            networks that see several frames.
        validation_share: Share of the titles kept for validation.
        test_share: Share of the titles kept for the test.
        validation_titles: Exactly these titles for validation, separated by commas.
        test_titles: Exactly these titles for the test, separated by commas.
        seed: Another seed draws other titles for validation and test.
        overwrite: Whether an existing data set is replaced, and what another command left
            unfinished is dropped.
        workers: Movies that are read at once, each by a process.
        runner: Reads the movies on Apache Beam: DirectRunner, FlinkRunner, SparkRunner or
            DataflowRunner. Movies and output must be on a disk that all its machines share.
        runner_options: Options of the runner, such as "--flink_master=host:8081 --parallelism=8".
    """

    movies: str = ""
    output: str = ""
    layout: str = AUTO
    eyes: str = AUTO
    every_s: float = 0.5
    width: int = 432
    minimum_width: int = 384
    frames_before: int = 0
    validation_share: float = 0.1
    test_share: float = 0.1
    validation_titles: str = ""
    test_titles: str = ""
    seed: int = 0
    overwrite: bool = False
    workers: int = 1
    runner: str = ""
    runner_options: str = ""


def movie_options(config: IngestConfig) -> MovieOptions:
    """The options that concern single movies, which bear the same names.

    Raises:
        ValueError: If one is out of range.
    """
    names = {field.name for field in dataclasses.fields(config)}
    return MovieOptions(
        **{
            field.name: getattr(config, field.name)
            for field in dataclasses.fields(MovieOptions)
            if field.name in names
        }
    )
