"""Converts 2D videos and pictures to stereoscopic 3D.

python convert_video.py film.mp4 [more files or folders] [--output=PATH] [--format=half_sbs]
python convert_video.py film.mp4 --for=quest
"""

import pathlib

from absl import flags

from deep3d.batch import Reporter, convert_all, sources_of
from deep3d.comfort import ParallaxReport
from deep3d.command_line import UsageError, define_flags, override, run_script
from deep3d.config import ConversionConfig
from deep3d.conversion import convert
from deep3d.devices import DEVICES, config_for
from deep3d.pretrained import RUNTIMES, load_predictor

flags.DEFINE_string("output", None, "Target file, or folder; default: beside the source.")
flags.DEFINE_string("for", None, f"What plays it; other flags count more: {', '.join(DEVICES)}.")
flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_enum(
    "runtime", "auto", RUNTIMES, "What runs the network; auto: LiteRT for shipped models, or Keras."
)
flags.DEFINE_string(
    "report", None, "Writes the parallax of every shot to this .json and .png; folder for several."
)
flags.DEFINE_boolean("overwrite", False, "Replace existing targets.")
flags.DEFINE_boolean("quiet", False, "No progress bar and no remarks.")
flags.DEFINE_boolean("json", False, "One JSON object for each source on standard output.")
define_flags(ConversionConfig)


def main(arguments):
    """Flags and paths -> conversions, one after the other."""
    options = flags.FLAGS
    if not arguments:
        raise UsageError("Give at least one video, picture or folder.")
    try:
        config = override(config_for(options["for"].value))
    except ValueError as error:
        raise UsageError(str(error)) from error
    sources = [source for argument in arguments for source in sources_of(argument)]
    if options.output and (len(sources) > 1 or options.output.endswith("/")):
        pathlib.Path(options.output).mkdir(parents=True, exist_ok=True)
    if options.report:
        _check_report(options.report, sources)

    predictor = load_predictor(options.model, options.runtime)

    def convert_one(source, progress, announce):
        report = ParallaxReport(config.budget) if options.report else None
        listeners = progress, announce, report
        result = convert(source, options.output, predictor, config, options.overwrite, *listeners)
        if report:
            report.write(_report_path(options.report, source, len(sources)))
        return result

    alone = len(sources) == 1 or options.debug
    return (
        1 if convert_all(sources, convert_one, Reporter(options.quiet, options.json), alone) else 0
    )


def _check_report(asked: str, sources: list[pathlib.Path]):
    folder = _report_path(asked, sources[0], len(sources)).parent
    if not folder.is_dir():
        raise UsageError(f"The folder of the report must exist. Received: {asked}.")


def _report_path(asked: str, source: pathlib.Path, sources: int) -> pathlib.Path:
    path = pathlib.Path(asked)
    if sources == 1 and not path.is_dir():
        return path
    path.mkdir(parents=True, exist_ok=True)
    return path / f"{source.stem}.comfort"


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
