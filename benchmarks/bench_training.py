"""What a training step costs beside its convolutions, what TensorBoard costs, who waits for data.

python benchmarks/bench_training.py [--precision=auto] [--batch=4] [--rounds=5]
KERAS_BACKEND=jax python benchmarks/bench_training.py --batch=64     on a GPU; or TensorFlow, --xla

The step is that of the `vgg16` experiment at 384x160, which mirrors 8-bit pairs and changes their
colors first; the convolutions are the same network without normalization, activations, softmax,
selection and losses, trained in turn with it. CPU seconds are those of this process; they are the
fairer figure where others use the processor, and say nothing on a GPU. The matrix rate is that of
a product of two large square matrices, measured in the same run and precision.
"""

import argparse
import dataclasses
import importlib.util
import math
import pathlib
import statistics
import tempfile
import time

import cv2
import keras
import numpy as np
from keras import layers

from deep3d.data_clock import DataClock
from deep3d.experiments import experiments
from deep3d.model import build_deep3d, set_precision
from deep3d.summaries import DepthSummaries
from deep3d.trainer import compile_trainer

HEIGHT, WIDTH = 160, 384
DATA_STEPS = 5
FORWARD_BATCH = 64
MATRIX = 4096  # rows and columns
# What links the convolutions and has to stay.
KEPT = (layers.MaxPooling2D, layers.Add, layers.InputLayer)


def main():
    """Prints a line for each figure."""
    arguments = parse_arguments()
    policy = set_precision(arguments.precision)
    describe(policy)
    experiment = experiments()["vgg16"]
    training = dataclasses.replace(experiment.training, xla=arguments.xla)
    experiment = dataclasses.replace(experiment, training=training)
    model = build_deep3d(experiment.model)
    trainer = compile_trainer(model, experiment)
    convolutions = convolutions_alone(model)
    left, targets = pairs(arguments.batch)
    floats = [view.astype("float32") / 255.0 for view in (left, targets["right"])]
    target = np.zeros((arguments.batch, 1), "float32")
    step = compare(
        lambda: trainer.train_on_batch(left, targets),
        lambda: convolutions.train_on_batch(floats[0], target),
        arguments.rounds,
        arguments.batch,
    )
    print_matrix_share(model, arguments.batch, step[0], arguments.xla)
    print_forward(model, arguments.xla)
    print_data_wait(trainer, arguments.batch)
    if importlib.util.find_spec("tensorboard"):
        print_summaries(model, trainer, experiment, floats, step)
    else:
        print("TensorBoard is not installed: what it costs was not measured")


def parse_arguments():
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--precision", default="auto", choices=("auto", "float32", "bfloat16"))
    parser.add_argument("--batch", type=int, default=4, help="pairs of a step")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of either step")
    parser.add_argument("--xla", action="store_true", help="the whole step by XLA, in TensorFlow")
    return parser.parse_args()


def pairs(batch: int) -> tuple[np.ndarray, dict]:
    """Noise as the data pipeline hands out pairs, with changes of every kind."""
    rng = np.random.default_rng(0)
    left = rng.integers(0, 256, (batch, HEIGHT, WIDTH, 3), np.uint8)
    factors = rng.uniform(0.9, 1.1, (6, batch)).astype("float32")
    changes = {
        "mirrored": np.arange(batch) % 2 == 0,
        **dict(zip(("contrast", "saturation", "gamma"), factors, strict=False)),
        "brightness": factors[3] - 1.0,
        "cast": factors[3:].T,
    }
    return left, {"right": np.roll(left, -2, axis=2), "changes": changes}


def describe(policy: str):
    """Says on what is measured."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    has_amx = "amx_bf16" in flags
    print(
        f"backend {keras.backend.backend()}, precision {policy}, AMX {'yes' if has_amx else 'no'}"
    )
    if policy == "mixed_bfloat16" and not has_amx:
        print("without AMX bfloat16 is emulated by a CPU and several times slower than float32")


def convolutions_alone(model: keras.Model) -> keras.Model:
    """The network up to its logits with every layer a plain convolution, or nothing at all."""

    def plain(layer):
        config = layer.get_config()
        if isinstance(layer, layers.Conv2D | layers.Conv2DTranspose):
            config["activation"] = "linear"
        elif not isinstance(layer, KEPT):
            return layers.Lambda(lambda inputs: inputs, name=layer.name)  # takes a mask, too
        return type(layer).from_config(config)

    logits = keras.Model(model.input, model.get_layer("logits").output)
    stripped = keras.models.clone_model(logits, clone_function=plain)
    stripped.compile(
        keras.optimizers.SGD(0.0),
        loss=lambda _, logits: keras.ops.mean(logits, axis=(1, 2, 3)),
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    return stripped


def compare(full, convolutions, rounds: int, batch: int) -> tuple[float, float]:
    """Times both in turn and prints them; returns wall and CPU seconds of the full step."""
    timed(full), timed(convolutions)  # compiled now
    turns = [(timed(full), timed(convolutions)) for _ in range(rounds)]
    for unit, name in enumerate(("wall", "CPU")):
        ours, theirs = (statistics.median(t[side][unit] for t in turns) for side in (0, 1))
        ratios = [turn[0][unit] / turn[1][unit] for turn in turns]
        print(
            f"training step, batch {batch}: {ours:.3f} s {name}, convolutions {theirs:.3f} s; "
            f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})"
        )
    wall, processor = (statistics.median(turn[0][unit] for turn in turns) for unit in (0, 1))
    print(f"{batch / wall:.1f} images/s")
    return wall, processor


def timed(function) -> tuple[float, float]:
    """Wall and CPU seconds of a call."""
    begin = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


def print_matrix_share(model: keras.Model, batch: int, seconds: float, xla: bool):
    """The rate of the step's convolutions, forward and twice backward, beside the matrix rate."""
    rate = 3 * batch * operations(model) / seconds
    dtype = keras.config.dtype_policy().compute_dtype
    matrix = keras.ops.cast(np.random.default_rng(2).random((MATRIX, MATRIX), np.float32), dtype)
    product = compiled(lambda matrix: keras.ops.max(keras.ops.matmul(matrix, matrix)), xla)
    float(product(matrix))
    matrix_rate = 2 * MATRIX**3 / min(timed(lambda: float(product(matrix)))[0] for _ in range(5))
    print(
        f"convolutions of a step {rate / 1e12:.2f} of {matrix_rate / 1e12:.2f} Tflop/s "
        f"that a product of matrices reaches in {dtype}: {rate / matrix_rate:.0%}"
    )


def operations(model: keras.Model) -> int:
    """Additions and multiplications of the convolutions for one picture."""
    logits = keras.Model(model.input, model.get_layer("logits").output)
    sized = keras.models.clone_model(logits, input_tensors=keras.Input((HEIGHT, WIDTH, 3)))
    total = 0
    for layer in sized.layers:
        if isinstance(layer, layers.Conv2D | layers.Conv2DTranspose):
            # Every weight is used at every place of the output, of a transposed one of the input.
            transposed = isinstance(layer, layers.Conv2DTranspose)
            places = (layer.input if transposed else layer.output).shape[1:3]
            total += 2 * math.prod(places) * math.prod(layer.kernel.shape)
    return total


def print_summaries(model, trainer, experiment, batch, step):
    """Summaries of a round of default length, as a share of the time that its steps take."""
    training = experiment.training
    with tempfile.TemporaryDirectory() as folder:
        summaries = DepthSummaries(folder, model, [batch], experiment)
        summaries.set_model(trainer)
        summaries.set_params({"epochs": 1})  # pictures after every round
        summaries.on_train_begin()
        logs = {"loss": 0.1, "mae_255": 25.5}
        round_logs = {f"val_{name}": value for name, value in logs.items()}
        summaries.on_epoch_end(0, round_logs)  # compiled now
        pictures = timed(lambda: summaries.on_epoch_end(0, round_logs))
        scalars = timed(lambda: train_batches(summaries, training.summary_every, logs))
        summaries.on_train_end()
    intervals = training.checkpoint_every / training.summary_every
    for unit, name in enumerate(("wall", "CPU")):
        spent = pictures[unit] + intervals * scalars[unit]
        share = 100.0 * spent / (spent + training.checkpoint_every * step[unit])
        print(
            f"summaries of a round of {training.checkpoint_every} steps: "
            f"{spent:.2f} s {name}, {share:.2f} % of the time"
        )


def train_batches(summaries, count: int, logs: dict):
    """An interval of steps that do nothing."""
    for _ in range(count):
        summaries.on_train_batch_begin(0)
        summaries.on_train_batch_end(0, logs)


def print_data_wait(trainer, batch: int):
    """Trains for some steps on pictures that are decoded meanwhile."""
    clock, waits, begin = DataClock(), [], None

    class Wait(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            nonlocal begin
            begin = begin or time.perf_counter()
            clock.step_begins()

        def on_train_batch_end(self, batch, logs=None):
            waits.append(clock.wait())

    batches = clock.watch(Decoded(batch, workers=2))
    trainer.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[Wait()])
    share = 100.0 * sum(waits[1:]) / (time.perf_counter() - begin)
    print(
        f"waiting for data, decoded by two threads: {share:.2f} % of the time after the first step"
    )


class Decoded(keras.utils.PyDataset):
    """Batches of one JPEG picture, decoded anew for every view."""

    def __init__(self, batch: int, **options):
        super().__init__(**options)
        noise = np.random.default_rng(1).integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
        picture = cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        self._batch, self._file = batch, cv2.imencode(".jpg", picture)[1]

    def __len__(self):
        return DATA_STEPS

    def __getitem__(self, number):
        left, right = (
            np.stack([cv2.imdecode(self._file, cv2.IMREAD_COLOR) for _ in range(self._batch)])
            for _ in range(2)
        )
        return left, pairs(self._batch)[1] | {"right": right}


def compiled(function, xla: bool):
    """One program of it; by XLA under JAX, under TensorFlow where that is wanted."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, jit_compile=xla)


def print_forward(model: keras.Model, xla: bool):
    """Images per second of the network alone."""
    left = keras.ops.zeros((FORWARD_BATCH, HEIGHT, WIDTH, 3))
    weights = [
        [v.value for v in kind]
        for kind in (model.trainable_variables, model.non_trainable_variables)
    ]

    def forward(trainable, others, left):
        outputs, _ = model.stateless_call(trainable, others, left, training=False)
        return keras.ops.sum(outputs["right"])  # so that little has to come back

    program = compiled(forward, xla)
    float(program(*weights, left))
    seconds = [timed(lambda: float(program(*weights, left)))[0] for _ in range(3)]
    print(
        f"forward, batch {FORWARD_BATCH}: {FORWARD_BATCH / statistics.median(seconds):.1f} images/s"
    )


if __name__ == "__main__":
    main()
