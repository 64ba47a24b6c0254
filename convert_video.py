"""Converts 2D videos and pictures to stereoscopic 3D.

python convert_video.py film.mp4 [more files or folders] [--output=PATH] [--format=half_sbs]
python convert_video.py film.mp4 --for=quest
python convert_video.py film.mp4 --dry-run     tells what would be done, at once
python convert_video.py film.mp4 --preview     pictures of a few moments in 3D, in seconds

A folder means its videos, or its pictures if it has no videos.
"""

import pathlib
from collections.abc import Callable

from absl import flags

from deep3d.batch import Reporter, all_sources, convert_all, describe_conversion
from deep3d.comfort import ParallaxReport
from deep3d.command_line import UsageError, define_flags, override, run_script
from deep3d.conversion import convert
from deep3d.conversion_config import ConversionConfig
from deep3d.conversion_plan import plan_conversion, plan_facts, plan_lines
from deep3d.devices import DEVICES, config_for
from deep3d.model_files import model_path
from deep3d.output_files import previews_of, reports_of, targets_of
from deep3d.pretrained import RUNTIMES, load_predictor
from deep3d.preview import describe_preview, preview

flags.DEFINE_string(
    "output",
    None,
    "Target file, or folder, where sources of one name keep their own folders; default: beside "
    "the source.",
)
flags.DEFINE_string("for", None, f"What plays it; other flags count more: {', '.join(DEVICES)}.")
flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_enum(
    "runtime",
    "auto",
    RUNTIMES,
    "What runs the network; auto: on a GPU Keras with the renderer compiled by XLA as well, "
    "elsewhere LiteRT for shipped models, or Keras.",
)
flags.DEFINE_string(
    "report", None, "Writes the parallax of every shot to this .json and .png; folder for several."
)
flags.DEFINE_boolean("dry_run", False, "Tells what would be done, and does nothing.")
flags.DEFINE_boolean(
    "preview", False, "Writes NAME.3D.preview.png and .gif with a few moments in 3D, no film."
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
    if sum(map(bool, (options.dry_run, options.preview, options.report))) > 1:
        raise UsageError("Give one of --dry-run, --preview and --report.")
    sources = all_sources(arguments)
    try:
        config = override(config_for(options["for"].value))
        targets = targets_of(sources, options.output, config)
        previews = previews_of(sources, targets) if options.preview else []
        reports = reports_of(sources, options.report) if options.report else [None] * len(sources)
        model_path(options.model)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if options.dry_run:
        work, describe = _planner(dict(zip(sources, targets, strict=True)), config), _describe_plan
    elif options.preview:
        work, describe = _previewer(dict(zip(sources, previews, strict=True)), config)
    else:
        files = dict(zip(sources, zip(targets, reports, strict=True), strict=True))
        work, describe = _converter(files, config), describe_conversion
    say = Reporter(options.quiet and not options.dry_run, options.json, describe)
    alone = len(sources) == 1 or options.debug
    return 1 if convert_all(sources, work, say, alone) else 0


def _planner(targets: dict, config: ConversionConfig) -> Callable:
    return lambda source, *_: plan_conversion(source, targets[source], config)


def _describe_plan(_, plan):
    overwrite = flags.FLAGS.overwrite
    return plan_lines(plan, overwrite), plan_facts(plan, overwrite)


def _previewer(files: dict, config: ConversionConfig) -> tuple[Callable, Callable]:
    predictor = load_predictor(flags.FLAGS.model, flags.FLAGS.runtime)

    def preview_one(source, *_):
        _make_folder(files[source][0])
        return preview(source, files[source], predictor, config, flags.FLAGS.overwrite)

    return preview_one, describe_preview


def _converter(files: dict, config: ConversionConfig) -> Callable:
    predictor = load_predictor(flags.FLAGS.model, flags.FLAGS.runtime)

    def convert_one(source, progress, announce):
        target, asked = files[source]
        _make_folder(target)
        report = ParallaxReport(config.budget) if asked else None
        listeners = progress, announce, report
        result = convert(source, target, predictor, config, flags.FLAGS.overwrite, *listeners)
        if report:
            asked.parent.mkdir(parents=True, exist_ok=True)
            report.write(asked)
        return result

    return convert_one


def _make_folder(path: pathlib.Path):
    if flags.FLAGS.output:  # otherwise it is that of the source
        path.parent.mkdir(parents=True, exist_ok=True)


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
