"""Compares a model with all baselines on shards, stereo films, data sets or folders of pairs.

python eval.py --model=default --data=FOLDER|FILM|PATTERN --output=DIR
"""

import pathlib

from absl import flags

from data_pipeline.pair_sources import SHARDS, find_layout, ingested_pairs, open_pairs
from deep3d.command_line import UsageError, load_tensorflow, run_script
from deep3d.pairs import ComposedPairs, read_table

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_string("compare", None, "Another model, compared with the first pair by pair.")
flags.DEFINE_string("data", None, "Ingested data set; stereo films; data set or folder of pairs.")
flags.DEFINE_string(
    "layout",
    None,
    "shards, kitti, middlebury, sintel, inria, mono2stereo, folders, or of films half_sbs, "
    "full_sbs, half_tab, full_tab; found out when absent.",
)
flags.DEFINE_boolean("swap_eyes", False, "Whether the films have the right eye first.")
flags.DEFINE_integer("film_frames", 20, "Frames of each film, two neighbouring ones at a time.", 2)
flags.DEFINE_boolean("lpips", False, "Whether LPIPS is computed too; needs deep3d[lpips].")
flags.DEFINE_string("output", None, "Folder for eval.json, .txt, .tex, .html; nothing when absent.")
flags.DEFINE_string("classes", None, "CSV with name,content; else index.csv in the data folder.")
flags.DEFINE_string("split", "test", "Split of an ingested data set.")
flags.DEFINE_integer("max_items", 500, "At most this many pairs, spread evenly over the data.", 1)


def main(arguments):
    """Flags -> pairs -> one call of `evaluate` for each model."""
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"eval.py takes no arguments, only flags. Received: {arguments}.")
    if not options.data:
        raise UsageError("--data must be given.")
    tables = [options.classes] if options.classes else pathlib.Path(options.data).glob("index.csv")
    layout = options.layout or find_layout(options.data)
    raw = None
    if layout != SHARDS:  # what is wrong with the data is said before TensorFlow has been loaded
        sizes = options.max_items, options.film_frames, options.swap_eyes
        raw = open_pairs(options.data, layout, read_table(*tables), *sizes)
    load_tensorflow()
    from deep3d import evaluation, inference, pretrained, report

    predictor = inference.Predictor(*pretrained.load_model(options.model))
    pairs, validation = ComposedPairs(raw or (), predictor.config.levels), None
    if layout == SHARDS:
        window = predictor.config.height, predictor.config.width
        pairs, validation = ingested_pairs(options.data, options.split, *window, options.max_items)
    cases = report.Cases(predictor.config.levels)
    result = evaluation.evaluate(pairs, predictor, validation, cases.add, options.lpips)
    result["evaluated"] = {"model": options.model, "data": options.data, "layout": layout}
    if options.compare:
        from deep3d.comparison import compare

        other = inference.Predictor(*pretrained.load_model(options.compare))
        result["compared_with"] = options.compare
        result["comparison"] = compare(
            result, evaluation.evaluate(pairs, other, validation, perceptual=options.lpips)
        )
    print(report.format_result(result))
    if options.output:
        report.write_result(result, options.output, cases)


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
