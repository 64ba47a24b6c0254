"""How long each stage of a pipeline has worked."""

import contextlib
import time
from collections.abc import Iterable, Iterator


class StageClock:
    """Adds up the seconds of named stages, each of which works in one thread."""

    def __init__(self):
        """Starts with no stage."""
        self._seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Counts the time of a block.

        Args:
            stage: Its name.
        """
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self._seconds[stage] = self._seconds.get(stage, 0.0) + spent

    def timed(self, stage: str, items: Iterable) -> Iterator:
        """Counts the time that an iterator takes to make its items.

        Args:
            stage: Name of the stage.
            items: What it makes.

        Yields:
            The same.
        """
        items = iter(items)
        while True:
            with self(stage):
                item = next(items, self)
            if item is self:
                return
            yield item

    def milliseconds(self, count: int) -> dict[str, float]:
        """The time of each stage for one of `count` items, in milliseconds.

        Args:
            count: At least 1.

        Returns:
            By name, in the order in which the stages began.
        """
        return {stage: 1e3 * seconds / count for stage, seconds in self._seconds.copy().items()}
