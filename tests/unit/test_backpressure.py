"""How a run behaves while the index takes nothing."""

import pytest

from pipeline.backpressure import Backpressure
from pipeline.config import IndexSettings
from pipeline.model import Stage


class Queue:
    """The one question that is asked of a ledger."""

    def __init__(self):
        self.length = 0
        self.asked = 0

    def waiting(self, stage):
        assert stage is Stage.INDEX
        self.asked += 1
        return self.length


class Time:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def pressure(queue, time):
    return Backpressure(queue, IndexSettings(high_water=10), monotonic=time)


def test_an_index_that_fails_is_left_alone_ever_longer_up_to_half_a_minute(pressure, time):
    rests = []
    for _ in range(8):
        pressure.index_failed()
        start = time.now
        while pressure.index_rests:
            time.now += 0.5
        rests.append(time.now - start)
    assert rests == [1, 2, 4, 8, 16, 30, 30, 30]


def test_after_a_success_it_begins_again(pressure, time):
    for _ in range(4):
        pressure.index_failed()
    pressure.index_works()
    assert not pressure.index_rests
    pressure.index_failed()
    time.now += 1.0
    assert not pressure.index_rests


def test_nothing_more_is_fetched_above_the_high_water_mark_and_again_below_it(
    pressure, queue, time
):
    assert not pressure.is_high
    queue.length = 11
    time.now += 2.0
    assert pressure.is_high
    queue.length = 10
    time.now += 2.0
    assert not pressure.is_high


def test_the_ledger_is_asked_every_two_seconds_at_most(pressure, queue, time):
    for _ in range(100):
        assert not pressure.is_high
        time.now += 0.1
    assert queue.asked <= 6
