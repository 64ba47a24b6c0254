"""Converts 2D videos and pictures to stereoscopic 3D.

python convert_video.py film.mp4 [more files or folders] [--output=PATH] [--format=half_sbs]
"""

import json
import pathlib
import sys

from absl import flags

from deep3d.command_line import UsageError, define_flags, load_tensorflow, override, run_script
from deep3d.config import ConversionConfig
from deep3d.devices import DEVICES, config_for

flags.DEFINE_string("output", None, "Target file, or folder; default: beside the source.")
flags.DEFINE_string("for", None, f"What plays it, instead of flags: {', '.join(DEVICES)}.")
flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_boolean("overwrite", False, "Replace existing targets.")
flags.DEFINE_boolean("quiet", False, "No progress bar and no remarks.")
flags.DEFINE_boolean("json", False, "One JSON object for each source on standard output.")
define_flags(ConversionConfig)

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv")


def main(arguments):
    """Flags and paths -> conversions, one after the other; a bad file does not stop the rest."""
    options = flags.FLAGS
    if not arguments:
        raise UsageError("Give at least one video, picture or folder.")
    try:
        config = override(config_for(options["for"].value))
    except ValueError as error:
        raise UsageError(str(error)) from error
    sources = [source for argument in arguments for source in _sources(argument)]
    output = options.output
    if output and len(sources) > 1:
        pathlib.Path(output).mkdir(parents=True, exist_ok=True)

    load_tensorflow()
    from deep3d.conversion import convert
    from deep3d.inference import Predictor
    from deep3d.model import set_precision
    from deep3d.pretrained import load_model

    set_precision("auto")
    predictor = Predictor(*load_model(options.model))
    failures = 0
    for source in sources:
        with _Progress(source.name, hidden=options.quiet or options.json) as progress:
            try:
                result = convert(source, output, predictor, config, options.overwrite, progress)
            except (ValueError, OSError) as error:
                if len(sources) == 1 or options.debug:
                    raise
                failures += 1
                _report(options, {"source": str(source), "error": str(error)}, f"Error: {error}")
                continue
        facts = {"source": str(source), "output": str(result.output), "frames": result.frames}
        lines = [*(f"{source.name}: {remark}" for remark in result.remarks), str(result.output)]
        if result.right_output:
            facts["right_output"] = str(result.right_output)
            lines.append(facts["right_output"])
        _report(options, {**facts, "remarks": result.remarks}, "\n".join(lines))
    return 1 if failures else 0


def _sources(argument: str) -> list[pathlib.Path]:
    path = pathlib.Path(argument)
    if not path.is_dir():
        return [path]
    inside = [p for p in sorted(path.iterdir()) if p.suffix.lower() in VIDEO_SUFFIXES]
    inside = [p for p in inside if ".3D." not in p.name]  # what an earlier run made
    if not inside:
        raise ValueError(f"The folder {path} has no videos.")
    return inside


def _report(options, facts: dict, text: str):
    if options.json:
        print(json.dumps(facts), flush=True)
    elif "error" in facts or not options.quiet:
        print(text, file=sys.stderr if "error" in facts else sys.stdout, flush=True)


class _Progress:
    """A bar with frames/s and the time that is left, made when the first frame is done."""

    def __init__(self, name: str, hidden: bool):
        self.name, self.hidden, self.bar = name, hidden, None

    def __enter__(self):
        return self

    def __call__(self, done: int, expected: int | None):
        if self.bar is None:
            from tqdm import tqdm

            self.bar = tqdm(total=expected, desc=self.name, unit="frame", disable=self.hidden)
        self.bar.update(done - self.bar.n)

    def __exit__(self, *exception):
        if self.bar is not None:
            self.bar.close()


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
