"""Batches that are a function of the step, for `keras.Model.fit` under any backend.

Keras has threads for this (`workers` of `PyDataset`), but under JAX they lose the first batch, from
which the model is built, and in every round they begin a finite sequence anew (Keras 3.15). A run
that is resumed would then see other batches than the unbroken one.
"""

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator, Sequence

import keras


class StepSequence(keras.utils.PyDataset):
    """Batches drawn ahead by a few threads and handed out in order.

    Args:
        draw: Takes a step and returns its batch; called by several threads.
        first_step: Step of the first batch.
        steps: Number of batches; None where they never end.
        ahead: Batches that are drawn ahead, each by a thread; none are when 0.

    Attributes:
        error: What `draw` raised, in its own words, which TensorFlow buries; None if nothing.
    """

    def __init__(
        self,
        draw: Callable[[int], tuple],
        first_step: int = 0,
        steps: int | None = None,
        ahead: int = 0,
    ):
        super().__init__()
        self._draw, self._first_step, self._steps, self._ahead = draw, first_step, steps, ahead
        self._threads = concurrent.futures.ThreadPoolExecutor(max(1, ahead))
        self._drawn: dict[int, concurrent.futures.Future] = {}
        self.error: Exception | None = None

    @property
    def num_batches(self) -> int | None:
        """Number of batches, None where they never end."""
        return self._steps

    def __getitem__(self, index: int) -> tuple:
        last = index + self._ahead
        last = last if self._steps is None else min(last, self._steps - 1)
        wanted = (index, *range(index + 1, last + 1))
        self._drawn = {k: self._drawn.get(k) or self._submit(k) for k in wanted}
        try:
            return self._drawn[index].result()
        except ValueError as error:
            self.error = error
            raise

    def _submit(self, index: int) -> concurrent.futures.Future:
        return self._threads.submit(self._draw, self._first_step + index)


@contextlib.contextmanager
def clear_sequence_errors(sequences: Sequence[StepSequence]) -> Iterator[None]:
    """Raises what drawing a batch raised, in place of what a framework made of it.

    Args:
        sequences: Those that are read inside the `with` block; more may be added meanwhile.
    """
    try:
        yield
    except Exception as error:
        cause = next((sequence.error for sequence in sequences if sequence.error), None)
        if cause is None or cause is error:
            raise
        raise cause from error
