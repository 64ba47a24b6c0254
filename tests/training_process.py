"""A training in a process of its own, for tests of several machines and of killed runs.

python training_process.py WORKDIR JSON: fields of TrainingConfig, and "kill_after": a step after
which the process kills itself, "devices": CPU devices to divide into.
"""

import json
import os
import pathlib
import signal
import sys

import keras
import numpy as np
import tensorflow as tf

from deep3d import callbacks, compact, distribution, training
from deep3d.cluster import WorkerLost, begin_again, share
from deep3d.config import Experiment, ModelConfig, TrainingConfig
from deep3d.disparity import DisparityLevels

HEIGHT, WIDTH = 32, 64
compact.ENCODER = ((1, 16), (1, 16), (1, 16), (1, 16), (2, 16))
compact.DECODER = (16, 16, 16, 16)
MODEL = ModelConfig(
    levels=DisparityLevels(minimum=-2, count=4, width=WIDTH), height=HEIGHT, width=WIDTH
)


def batches(config, first_step, last_step=None):
    """Batch k depends on k alone; a machine draws its rows of it."""
    machine, machines = share(config.distribute)
    rows = config.batch_size // machines

    def generate():
        step = first_step
        while step != last_step:
            rng = np.random.default_rng(step)
            left = rng.random((config.batch_size, HEIGHT, WIDTH, 3), dtype="float32")
            yield tuple(views[machine::machines] for views in (left, np.roll(left, -1, axis=2)))
            step += 1

    spec = tf.TensorSpec((rows, HEIGHT, WIDTH, 3))
    data = tf.data.Dataset.from_generator(generate, output_signature=(spec, spec))
    # Keras counts a batch after the last where it does not know the number.
    count = tf.data.INFINITE_CARDINALITY if last_step is None else last_step - first_step
    return data.apply(tf.data.experimental.assert_cardinality(count))


def kill_after(step):
    class Killed(callbacks.StopOnBadLoss):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            if self.step == step:
                os.kill(os.getpid(), signal.SIGKILL)

    training.StopOnBadLoss = Killed


def main(workdir, options):
    if options.get("kill_after"):
        kill_after(options.pop("kill_after"))
    for device in tf.config.list_physical_devices("CPU"):
        parts = [tf.config.LogicalDeviceConfiguration()] * options.pop("devices", 1)
        tf.config.set_logical_device_configuration(device, parts)
    config = TrainingConfig(precision="float32", warmup_steps=1, **options)
    try:
        training.train(
            Experiment(MODEL, config),
            lambda step: batches(config, step),
            lambda: batches(config, 10_000, 10_002),
            workdir,
            verbose=0,
            strategy=distribution.start(config),
        )
    except WorkerLost as error:
        print(error, file=sys.stderr)
        begin_again()
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    keras.config.disable_traceback_filtering()
    main(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2]))
