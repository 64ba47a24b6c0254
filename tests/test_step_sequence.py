import threading

import keras
import numpy as np
import pytest

from data_pipeline.packs.step_sequence import StepSequence, clear_sequence_errors


def numbered(step):
    return np.full((2, 1), step, np.float32), np.full((2, 1), step, np.float32)


def batch_number(truth, prediction):
    return keras.ops.mean(truth + 0.0 * prediction)


class Notes(keras.callbacks.Callback):
    """Notes the loss of every batch, which is the batch's number."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_begin(self, epoch, logs=None):
        self._sum = 0.0

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)  # Keras logs the mean since the round began
        self.seen.append(round(total - self._sum))
        self._sum = total


@pytest.mark.parametrize("ahead", [0, 3])
@pytest.mark.parametrize("steps", [12, None])
def test_step_sequence_gives_fit_every_step_once_in_order(steps, ahead):
    model = keras.Sequential([keras.layers.Dense(1)])  # built from the first batch
    model.compile("sgd", loss=batch_number)
    notes = Notes()
    model.fit(
        StepSequence(numbered, 5, steps, ahead),
        epochs=3,
        steps_per_epoch=4,
        callbacks=[notes],
        shuffle=False,
        verbose=0,
    )
    assert notes.seen == list(range(5, 17))


def test_step_sequence_draws_few_ahead():
    drawn, last = [], threading.Event()

    def draw(step):
        drawn.append(step)
        if step == 12:
            last.set()
        return numbered(step)

    sequence = StepSequence(draw, first_step=10, ahead=2)
    assert sequence[0][0][0, 0] == 10
    assert last.wait(10) and sorted(drawn) == [10, 11, 12]
    assert sequence[0][0][0, 0] == 10 and len(drawn) == 3  # asked for again, not drawn again
    assert sequence[40][0][0, 0] == 50


def test_step_sequence_draws_nothing_beyond_its_end():
    drawn = []
    sequence = StepSequence(lambda step: drawn.append(step) or numbered(step), 0, 2, ahead=4)
    assert [batch[0][0, 0] for batch in sequence] == [0, 1]
    assert sorted(drawn) == [0, 1]


def failing(step):
    if step == 1:
        raise ValueError("picture 7 is damaged")
    return numbered(step)


def test_clear_sequence_errors_keeps_the_words():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    sequence = StepSequence(failing)
    expected = pytest.raises(ValueError, match=r"^picture 7 is damaged$")
    with expected, clear_sequence_errors([sequence]):
        model.fit(sequence, steps_per_epoch=3, verbose=0)


def test_clear_sequence_errors_leaves_others_alone():
    with pytest.raises(KeyError, match="mine"), clear_sequence_errors([StepSequence(numbered)]):
        raise KeyError("mine")
