"""Compares a model with all baselines on an ingested data set or a folder of pairs.

python eval.py --model=default --data=FOLDER --output=DIR
"""

import pathlib

from absl import flags

from deep3d.command_line import UsageError, load_tensorflow, run_script
from deep3d.pairs import Pair, compose, pair_paths, read_pairs, read_table

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_string("data", None, "Ingested data set, or folder of left/right pairs.")
flags.DEFINE_string("output", None, "Folder for eval.json, .txt and .html; nothing when absent.")
flags.DEFINE_string("classes", None, "CSV with name,content; else index.csv in the data folder.")
flags.DEFINE_string("split", "test", "Split of an ingested data set.")
flags.DEFINE_integer("max_items", 500, "At most this many pairs, spread evenly over the data.", 1)


def main(arguments):
    """Flags -> pairs -> one call of `evaluate`."""
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"eval.py takes no arguments, only flags. Received: {arguments}.")
    if not options.data:
        raise UsageError("--data must be given.")
    data = pathlib.Path(options.data)
    tables = [options.classes] if options.classes else data.glob("index.csv")
    ingested = (data / "dataset_info.json").exists()
    if not ingested:  # what is wrong with the folder is said before TensorFlow has been loaded
        pair_paths(data)
    raw = read_pairs(data, read_table(*tables), options.max_items)
    load_tensorflow()
    from deep3d import evaluation, inference, pretrained, report

    predictor = inference.Predictor(*pretrained.load_model(options.model))
    if ingested:
        pairs, validation = (_windows(s, predictor) for s in (options.split, "validation"))
    else:
        pairs, validation = [compose(pair, predictor.config.levels) for pair in raw], None
    pictures = report.Pictures(len(pairs), predictor.config.levels)
    result = evaluation.evaluate(pairs, predictor, validation, pictures.add)
    print(report.format_result(result))
    if options.output:
        report.write_result(result, options.output, pictures.pairs)


def _windows(split, predictor):
    """Central windows of ingested pairs, which the ingestion has composed already."""
    from data_pipeline.dataset import DatasetConfig, clear_data_errors, stereo_dataset

    options, config = flags.FLAGS, predictor.config
    window = DatasetConfig(batch_size=1, crop_height=config.height, crop_width=config.width)
    with clear_data_errors(options.data):
        dataset = stereo_dataset(options.data, split, window, training=False)
        stride = -(-int(dataset.cardinality()) // options.max_items)
        batches = enumerate(dataset.shard(stride, 0).as_numpy_iterator())
        return [
            Pair(f"{split} {stride * n}", *((255 * view[0] + 0.5).astype("uint8") for view in both))
            for n, both in batches
        ]


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
