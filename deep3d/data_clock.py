"""How long training waits for its data.

Keras fetches a batch inside the step, so neither the time between two steps nor the step's own
says what was waited for. Here the data say when a batch is ready, the training says when a step
begins, and the wait is what lies between the two if the batch was not ready first.
"""

import sys
import time

import keras

# Batches are not made further ahead than this; times that nobody asked for are forgotten.
MOST_AHEAD = 256


class DataClock:
    """Notes when batches become ready, and when they were wanted."""

    def __init__(self):
        self._ready = {}  # number of the batch -> time
        self._wanted = 0
        self._begin = 0.0

    def watch(self, batches):
        """The same batches, noted as they become ready.

        Args:
            batches: `tf.data.Dataset`, or `keras.utils.PyDataset` of threads; anything else is
                returned as it is, and `wait` then says None.

        Returns:
            What to train on in their place, once.
        """
        if isinstance(batches, keras.utils.PyDataset) and not batches.use_multiprocessing:
            return _WatchedSequence(batches, self._note)
        tensorflow = sys.modules.get("tensorflow")
        if tensorflow is not None and isinstance(batches, tensorflow.data.Dataset):
            return self._watched_dataset(batches, tensorflow)
        return batches

    def step_begins(self):
        """To be called when a step is about to fetch its batch."""
        self._begin = time.perf_counter()

    def wait(self) -> float | None:
        """Seconds that the step which just ended waited; None if its batch was not watched."""
        ready = self._ready.pop(self._wanted, None)
        self._wanted += 1
        return None if ready is None else max(0.0, ready - self._begin)

    def _note(self, number: int):
        self._ready[number] = time.perf_counter()  # in another thread; one assignment is safe
        self._ready.pop(number - MOST_AHEAD, None)

    def _watched_dataset(self, dataset, tensorflow):
        def note(number, *batch):
            done = tensorflow.numpy_function(self._note_number, [number], tensorflow.int64)
            with tensorflow.control_dependencies([done]):
                return tensorflow.nest.map_structure(tensorflow.identity, batch)

        watched = dataset.enumerate().map(lambda number, batch: note(number, *batch))
        return watched.prefetch(1)

    def _note_number(self, number):
        self._note(int(number))
        return number


class _WatchedSequence(keras.utils.PyDataset):
    """Delegates to another sequence, with its number of workers."""

    def __init__(self, batches: keras.utils.PyDataset, note):
        super().__init__(batches.workers, max_queue_size=batches.max_queue_size)
        self._batches, self._note = batches, note

    @property
    def num_batches(self):
        return self._batches.num_batches

    def __getitem__(self, number):
        batch = self._batches[number]
        self._note(number)
        return batch

    def on_epoch_begin(self):
        self._batches.on_epoch_begin()

    def on_epoch_end(self):
        self._batches.on_epoch_end()
