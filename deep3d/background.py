"""Iterators that work ahead in a thread, so that the stages of a pipeline overlap."""

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator

# Items that wait between two stages: two batches of frames, 100 MB at 1080p.
QUEUE = 16


@contextlib.contextmanager
def in_background(items: Iterable, ahead: int = QUEUE) -> Iterator[Iterator]:
    """Produces items in a thread, some ahead of their use.

    An error of the thread is raised where the items are used.

    Args:
        items: What the thread iterates over.
        ahead: How many may wait.

    Yields:
        Iterator over the same items. When the block is left, the thread has ended.
    """
    waiting: queue.Queue = queue.Queue(ahead)
    stopped = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, waiting, stopped), daemon=True)
    thread.start()
    try:
        yield _consume(waiting)
    finally:
        stopped.set()
        thread.join()


def _produce(items: Iterable, waiting: queue.Queue, stopped: threading.Event):
    """Puts (item, None) for every item, then (None, error), with `StopIteration` for the end."""
    end: BaseException = StopIteration()
    try:
        for item in items:
            if not _put(waiting, (item, None), stopped):
                return
    except BaseException as error:  # handed over to the thread that waits for the items
        end = error
    _put(waiting, (None, end), stopped)


def _put(waiting: queue.Queue, entry, stopped: threading.Event) -> bool:
    """Waits for room in the queue; False when nobody wants the entry any more."""
    while not stopped.is_set():
        try:
            waiting.put(entry, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False


def _consume(waiting: queue.Queue) -> Iterator:
    while True:
        item, error = waiting.get()
        if isinstance(error, StopIteration):
            return
        if error is not None:
            raise error
        yield item
