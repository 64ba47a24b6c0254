"""Time of the selection layer against the stacked formula, at 1080p with 16 levels.

python benchmarks/bench_selection.py
"""

import statistics
import time

import numpy as np
import tensorflow as tf

from deep3d.selection import select

LEVELS = tuple(range(-8, 8))
RUNS = 7


def stacked(left, probabilities):
    """The formula as it is written: all shifted images at once, times the distribution."""
    width = left.shape[2]
    padded = tf.concat([tf.repeat(left[:, :, :1], 8, 2), left, tf.repeat(left[:, :, -1:], 8, 2)], 2)
    stack = tf.stack([padded[:, :, 8 + d : 8 + d + width] for d in LEVELS], axis=-1)
    return tf.reduce_sum(stack * probabilities[..., tf.newaxis, :], axis=-1)


def main():
    """Prints medians and their ratio."""
    rng = np.random.default_rng(0)
    left = tf.constant(rng.random((1, 1080, 1920, 3), dtype="float32"))
    probabilities = tf.nn.softmax(tf.constant(rng.random((1, 1080, 1920, 16), dtype="float32")))
    functions = {
        "selection layer": tf.function(lambda a, b: select(a, b, LEVELS), jit_compile=True),
        "stacked formula": tf.function(stacked),
    }
    difference = functions["selection layer"](left, probabilities) - stacked(left, probabilities)
    print(f"largest difference of the two: {float(tf.reduce_max(tf.abs(difference))):.1e}")
    medians = {}
    for name, function in functions.items():
        function(left, probabilities)
        seconds = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            function(left, probabilities).numpy()
            seconds.append(time.perf_counter() - begin)
        medians[name] = 1e3 * statistics.median(seconds)
        print(f"{name}: {medians[name]:.0f} ms per frame of 1920x1080, 16 levels")
    print(f"ratio: {medians['stacked formula'] / medians['selection layer']:.1f}")


if __name__ == "__main__":
    main()
