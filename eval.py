"""Compares a model with all baselines on an ingested data set or a folder of pairs.

python eval.py --model=default --data=FOLDER --output=DIR
"""

import pathlib

import numpy as np
from absl import flags

from deep3d.command_line import UsageError, load_tensorflow, run_script

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
    load_tensorflow()
    from deep3d import evaluation
    from deep3d.inference import Predictor
    from deep3d.pretrained import load_model

    predictor = Predictor(*load_model(options.model))
    if (pathlib.Path(options.data) / "dataset_info.json").exists():
        pairs = _pairs_of_shards(options.split, predictor.config)
        validation = _pairs_of_shards("validation", predictor.config)
    else:
        raw = evaluation.read_pairs(options.data)
        pairs = [evaluation.compose(pair, predictor.config.levels) for pair in raw]
        validation = None
    result = evaluation.evaluate(pairs, predictor, validation)
    print(evaluation.format_table(result))
    if options.output:
        evaluation.write_result(result, options.output)


def _pairs_of_shards(split, config):
    """Central windows of ingested pairs, which the ingestion has composed already."""
    from data_pipeline.dataset import DatasetConfig, clear_data_errors, stereo_dataset
    from deep3d.evaluation import Pair

    options = flags.FLAGS
    window = DatasetConfig(batch_size=1, crop_height=config.height, crop_width=config.width)
    with clear_data_errors(options.data):
        dataset = stereo_dataset(options.data, split, window, training=False)
        stride = -(-int(dataset.cardinality()) // options.max_items)
        views = [
            [np.rint(255 * view[0]).astype(np.uint8) for view in pair]
            for pair in dataset.shard(stride, 0).as_numpy_iterator()
        ]
    return [Pair(f"{split} {stride * number}", *pair) for number, pair in enumerate(views)]


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
