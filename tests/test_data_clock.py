import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from data_pipeline.packs.step_sequence import StepSequence
from deep3d.data_clock import DataClock

SLOW = 0.15  # seconds


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, number):
        time.sleep(SLOW if number == 2 else 0.0)
        return np.full((1, 2), number, "float32"), {"right": np.zeros((1, 2), "float32")}


def dataset():
    def slow(number):
        time.sleep(SLOW if number == 2 else 0.0)
        return np.float32(number)

    def element(number):
        value = tf.numpy_function(slow, [number], tf.float32)
        return tf.ensure_shape(value, ()), {"right": tf.zeros((1,))}

    return tf.data.Dataset.range(4).map(element)


def waits(clock, iterator, work=0.0):
    """What a loop that works so long on each batch waited for."""
    result = []
    for _ in range(4):
        clock.step_begins()
        next(iterator)
        time.sleep(work)
        result.append(clock.wait())
    return result


@pytest.mark.parametrize("make", [Sequence, dataset])
def test_data_clock_knows_the_slow_batch(make):
    clock = DataClock()
    watched = clock.watch(make())
    found = waits(clock, iter(watched))
    assert found[2] == pytest.approx(SLOW, abs=0.1)
    assert max(found[3:]) < SLOW / 2


def test_data_clock_data_made_meanwhile_are_not_waited_for():
    clock = DataClock()
    watched = clock.watch(dataset().prefetch(4))
    assert waits(clock, iter(watched), work=0.12)[2] < SLOW / 2


def test_data_clock_leaves_batches_as_they_are():
    watched = DataClock().watch(dataset())
    assert watched.element_spec == dataset().element_spec
    assert watched.cardinality() == 4
    for number, (left, targets) in enumerate(watched):
        assert int(left) == number and targets["right"].shape == (1,)


@pytest.mark.parametrize("steps", [3, None])
def test_data_clock_leaves_the_number_of_batches(steps):
    sequence = StepSequence(lambda step: (step,), steps=steps)
    assert DataClock().watch(sequence).num_batches == steps


def test_data_clock_says_nothing_of_what_it_cannot_watch():
    clock = DataClock()
    batches = [(np.zeros(1), np.zeros(1))]
    assert clock.watch(batches) is batches
    clock.step_begins()
    assert clock.wait() is None
