"""Compares a model with all baselines on an ingested data set or a folder of pairs.

python eval.py --model=default --data=FOLDER --output=DIR
"""

import pathlib

from absl import flags

from deep3d.command_line import UsageError, run_script

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_string("data", None, "Ingested data set, or folder of left/right pairs.")
flags.DEFINE_string("output", None, "Folder for eval.json and eval.txt; nothing when absent.")
flags.DEFINE_string("split", "test", "Split of an ingested data set.")
flags.DEFINE_integer("max_items", 500, "At most this many pairs, spread evenly over the data.")


def main(arguments):
    """Flags -> pairs -> one call of `evaluate`."""
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"eval.py takes no arguments, only flags. Received: {arguments}.")
    if not options.data:
        raise UsageError("--data must be given.")
    from deep3d import evaluation
    from deep3d.inference import Predictor
    from deep3d.pretrained import load_model

    predictor = Predictor(*load_model(options.model))
    validation = None
    if (pathlib.Path(options.data) / "manifest.json").exists():
        from data_pipeline.dataset import stereo_pairs

        height, width = predictor.config.height, predictor.config.width
        pairs, validation = (
            [
                evaluation.Pair(*pair)
                for pair in stereo_pairs(options.data, split, height, width, options.max_items)
            ]
            for split in (options.split, "validation")
        )
    else:
        pairs = [
            evaluation.compose(pair, predictor.config.levels)
            for pair in evaluation.read_pairs(options.data)
        ]
    result = evaluation.evaluate(pairs, predictor, validation)
    print(evaluation.format_table(result))
    if options.output:
        evaluation.write_result(result, options.output)


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
