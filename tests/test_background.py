import itertools
import threading

import pytest

from deep3d.background import QUEUE, in_background


def test_in_background_keeps_order():
    with in_background(range(100)) as items:
        assert list(items) == list(range(100))


def test_in_background_hands_over_errors():
    def failing():
        yield 1
        raise OSError("disk full")

    with in_background(failing()) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="disk full"):
            next(items)


def test_in_background_is_bounded_and_ends_with_the_block():
    made = []
    before = threading.active_count()
    with in_background(made.append(n) or n for n in itertools.count()) as items:
        for _ in range(3):
            next(items)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    assert len(made) <= 3 + QUEUE + 2


def test_in_background_nests():
    before = threading.active_count()
    with (
        in_background(itertools.count()) as numbers,
        in_background(2 * n for n in numbers) as doubles,
    ):
        assert list(itertools.islice(doubles, 40)) == list(range(0, 80, 2))
    assert threading.active_count() == before
