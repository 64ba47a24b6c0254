import time

import pytest

from deep3d.stage_clock import StageClock


def slow(numbers):
    for number in numbers:
        time.sleep(0.02)
        yield number


def test_stage_clock_adds_up_each_stage():
    clock = StageClock()
    for number in clock.timed("read", slow(range(3))):
        with clock("write"):
            time.sleep(0.01)
        assert list(clock.milliseconds(1)) == ["read", "write"] and number < 3
    spent = clock.milliseconds(3)
    assert 20 <= spent["read"] < 60 and 10 <= spent["write"] < 40


def test_stage_clock_counts_a_stage_that_fails():
    clock = StageClock()
    with pytest.raises(ValueError), clock("read"):
        raise ValueError
    assert "read" in clock.milliseconds(1)
