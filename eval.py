"""Compares a model with all baselines on shards, stereo films, data sets or folders of pairs.

python eval.py --model=default --data=FOLDER|FILM|PATTERN --output=DIR
"""

import pathlib
import sys

from absl import flags

from data_pipeline.film_pairs import FilmPairs
from data_pipeline.ingested_pairs import PACK, SHARDS, ingested_pairs
from data_pipeline.movie_options import AUTO, EYES
from data_pipeline.pair_sources import KNOWN_LAYOUTS, find_layout, open_pairs
from deep3d.command_line import UsageError, load_tensorflow, run_script
from deep3d.composed_pairs import ComposedPairs
from deep3d.model_files import model_path
from deep3d.pairs import read_table
from deep3d.wording import either

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_string("compare", None, "Another model, compared with the first pair by pair.")
flags.DEFINE_string(
    "data", None, "Ingested data set or pack; stereo films; data set or folder of pairs."
)
flags.DEFINE_string(
    "layout",
    None,
    f"{', '.join(KNOWN_LAYOUTS)}; found out when absent.",
)
flags.DEFINE_enum("eyes", AUTO, EYES, "Which eye films have first; auto decides for every shot.")
flags.DEFINE_integer("film_frames", 20, "Frames of each film, two neighbouring ones at a time.", 2)
flags.DEFINE_boolean("lpips", False, "Whether LPIPS is computed too; needs the package lpips.")
flags.DEFINE_string("output", None, "Folder for eval.json, .txt, .tex, .html; nothing when absent.")
flags.DEFINE_string("classes", None, "CSV with name,content; else index.csv in the data folder.")
flags.DEFINE_string("split", "test", "Split of an ingested data set.")
flags.DEFINE_string(
    "validation",
    None,
    "What the fixed shift and ramp are chosen on: as --data; of a data set its split validation.",
)
flags.DEFINE_integer("max_items", 500, "At most this many pairs, spread evenly over the data.", 1)


def main(arguments):
    """Flags -> pairs -> one call of `evaluate` for each model."""
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"eval.py takes no arguments, only flags. Received: {arguments}.")
    if not options.data:
        raise UsageError("--data must be given.")
    if options.layout and options.layout not in KNOWN_LAYOUTS:
        raise UsageError(
            f"--layout must be one of {either(KNOWN_LAYOUTS)}. Received: {options.layout!r}"
        )
    names = [name for name in (options.model, options.compare) if name]
    try:
        for name in names:
            model_path(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    # What is wrong with the data is said before TensorFlow has been loaded.
    layout = options.layout or find_layout(options.data)
    raw = _open(options.data, layout)
    chosen_on = options.validation and find_layout(options.validation)
    validation_raw = chosen_on and _open(options.validation, chosen_on)
    load_tensorflow()
    from deep3d import evaluation, inference, pretrained, report

    predictor, *others = (inference.evaluable(*pretrained.load_model(name)) for name in names)
    frames = max(one.config.frames for one in (predictor, *others))
    where = options.data, layout, options.split
    pairs, validation = _composed(raw, *where, predictor.config, frames)
    if chosen_on:
        where = options.validation, chosen_on, "validation"
        validation, _ = _composed(validation_raw, *where, predictor.config)
    cases = report.Cases(predictor.config.levels)
    result = evaluation.evaluate(pairs, predictor, validation, cases.add, options.lpips)
    result["evaluated"] = {"model": options.model, "data": options.data, "layout": layout}
    if options.validation:
        result["evaluated"]["validation"] = options.validation
    if isinstance(raw, FilmPairs):
        result["evaluated"]["films"] = str(raw.tally)
        if raw.tally.exchanged or raw.tally.left_out:
            print(f"{options.data}: {raw.tally}", file=sys.stderr)
    for other in others:
        from deep3d.comparison import compare

        result["compared_with"] = options.compare
        result["comparison"] = compare(
            result, evaluation.evaluate(pairs, other, validation, perceptual=options.lpips)
        )
    print(report.format_result(result))
    if options.output:
        report.write_result(result, options.output, cases)


def _open(data, layout):
    """Pairs that are no ingested data set; None of one, which is opened knowing the model."""
    options = flags.FLAGS
    if layout in (SHARDS, PACK):
        return None
    tables = [options.classes] if options.classes else pathlib.Path(data).glob("index.csv")
    sizes = options.max_items, options.film_frames, options.eyes
    return open_pairs(data, layout, read_table(*tables), *sizes)


def _composed(raw, data, layout, split, config, frames=1):
    """Pairs as the model wants them, and those of validation where the data set has some."""
    if raw is None:
        size = config.height, config.width
        return ingested_pairs(data, layout, split, size, flags.FLAGS.max_items, frames)
    raw.frames_before = frames - 1
    if isinstance(raw, FilmPairs):
        raw.levels = config.levels
        return raw, None
    return ComposedPairs(raw, config.levels), None


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
