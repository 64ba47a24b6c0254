"""The input pipeline against its bound: decoding the same JPEGs and nothing else.

    python benchmarks/bench_dataset.py --data=DATA [--rounds=7] [--examples=512] [--step]

All run on all cores, in turns, over the records of the training split. The bound decodes whole
pictures of both eyes; the pipeline reads, shuffles and parses the records, decodes their windows
and makes batches; evaluation makes batches of central windows as floats. Of each it prints
examples per second, and CPU time per pair, whose ratio to the bound's holds on a machine that
others load, too, if they are not too many. Then what mirroring and colors cost here, which is the
first thing that a training step does, wherever it runs. --step trains the default network on the
batches, too, and prints which share of a step it waits for them.
"""

import dataclasses
import time

import numpy as np
import tensorflow as tf
from absl import flags

from data_pipeline.dataset import read_examples, stereo_dataset
from data_pipeline.dataset_config import DatasetConfig
from deep3d.command_line import UsageError, run_script
from deep3d.data_clock import DataClock
from deep3d.experiments import experiments
from deep3d.model import build_deep3d
from deep3d.pair_changes import change_pairs
from deep3d.trainer import compile_trainer

flags.DEFINE_string("data", None, "Folder of an ingested data set.")
flags.DEFINE_integer("rounds", 7, "Turns of each.", 1)
flags.DEFINE_integer("examples", 512, "Pairs in each turn.", 16)
flags.DEFINE_boolean("step", False, "Whether the wait of training steps is measured.")
WARM_UP = 4  # batches of each turn that do not count
STEPS = 30  # after three that do not count


def main(arguments):
    """Prints examples per second of each, and their ratios."""
    options = flags.FLAGS
    if arguments or not options.data:
        raise UsageError("Give --data, and flags alone.")
    config = DatasetConfig()
    batches = max(1, options.examples // config.batch_size)
    examples = batches * config.batch_size
    evaluation = stereo_dataset(options.data, "train", config, training=False)
    datasets = {
        "decoding alone": _decoding_alone(options.data, examples).repeat(),
        # The last batch may be smaller.
        "evaluation": evaluation.take(evaluation.cardinality() - 1).repeat(),
        "pipeline": stereo_dataset(options.data, "train", config),
    }
    # (rounds, datasets, wall and CPU)
    turns = np.array(
        [
            [_seconds(dataset, batches) for dataset in datasets.values()]
            for _ in range(options.rounds)
        ]
    )
    for name, times in zip(datasets, turns.swapaxes(0, 1), strict=True):
        wall, cpu = np.median(times, axis=0)
        print(f"{name}: {examples / wall:.0f} examples/s, {1000 * cpu / examples:.2f} ms CPU/pair")
        for clock, ratios in zip(("rate", "CPU time"), (turns[:, 0] / times).T, strict=True):
            spread = f"{ratios.min():.2f}..{ratios.max():.2f}"
            print(f"  ratio by {clock}: {np.median(ratios):.2f} ({spread})")
    changes = [_change_seconds(datasets["pipeline"]) for _ in range(options.rounds)]
    milliseconds = 1000 * np.median(changes) / config.batch_size
    print(f"mirroring and colors, in the training step: {milliseconds:.2f} ms CPU/pair")
    if options.step:
        print(f"share of a training step that waits for data: {_wait(options.data, config):.2%}")


def _decoding_alone(data: str, count: int) -> tf.data.Dataset:
    records = [
        example for example, _ in zip(read_examples(data, "train"), range(count), strict=False)
    ]
    records = [records[number % len(records)] for number in range(count)]
    encoded = np.array([[one.left_jpeg, one.right_jpeg] for one in records], object)

    def decode(pair):
        views = [
            tf.io.decode_jpeg(pair[eye], channels=3, dct_method="INTEGER_ACCURATE")
            for eye in range(2)
        ]
        return tf.add_n([tf.cast(view[0, 0, 0], tf.int32) for view in views])

    dataset = tf.data.Dataset.from_tensor_slices(encoded.astype(bytes))
    return dataset.map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(
        DatasetConfig().batch_size
    )


def _seconds(dataset: tf.data.Dataset, batches: int) -> tuple[float, float]:
    """Wall and CPU time of `batches` after the first few, with which it is planned and compiled."""
    iterator = iter(dataset)
    for _ in range(WARM_UP):
        next(iterator)
    begin, cpu_begin = time.perf_counter(), time.process_time()
    for _ in range(batches):
        next(iterator)
    return time.perf_counter() - begin, time.process_time() - cpu_begin


def _change_seconds(dataset: tf.data.Dataset) -> float:
    batch = next(iter(dataset))
    change_pairs(*batch)  # compiles
    begin = time.process_time()
    change_pairs(*batch)
    return time.process_time() - begin


def _wait(data: str, config: DatasetConfig) -> float:
    experiment = experiments()["default"]
    training = dataclasses.replace(experiment.training, disparity=0.0)  # films have none
    experiment = dataclasses.replace(experiment, training=training)
    trainer = compile_trainer(build_deep3d(experiment.model), experiment)
    clock = DataClock()
    batches = iter(clock.watch(stereo_dataset(data, "train", config)))
    waited, begin = [], 0.0
    for step in range(STEPS + 3):
        if step == 3:
            waited, begin = [], time.perf_counter()
        clock.step_begins()
        left, targets = next(batches)
        trainer.train_on_batch(left, targets)
        waited.append(clock.wait())
    return sum(waited) / (time.perf_counter() - begin)


if __name__ == "__main__":
    run_script(main, __doc__)
