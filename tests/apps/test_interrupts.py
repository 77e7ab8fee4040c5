"""Signals: the first is noted, the second ends the program."""

import os
import signal
from threading import Event, Timer

import pytest
from posetrack.apps.interrupts import interrupts, unless_interrupted
from posetrack.apps.leaving import EXIT_SIGNAL, SIGNALS


@pytest.fixture(autouse=True)
def handlers():
    """Handlers of our own, which also stand where a test runs with signals ignored."""
    seen = []
    before = {number: signal.signal(number, lambda n, _: seen.append(n)) for number in SIGNALS}
    yield seen
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_first_signal_is_noted_and_the_second_ends_the_program(number, handlers):
    with interrupts() as received:
        os.kill(os.getpid(), number)
        assert received == [number]
        with pytest.raises(SystemExit) as ended:
            os.kill(os.getpid(), number)
    assert ended.value.code == EXIT_SIGNAL + number
    assert handlers == []


def test_handlers_are_put_back(handlers):
    with interrupts():
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    assert handlers == [signal.SIGTERM]


def test_signal_that_is_ignored_from_outside_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interrupts() as received:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert received == [signal.SIGTERM]


def test_work_is_left_behind_at_the_first_signal():
    with interrupts() as received:
        assert unless_interrupted(lambda: 1, received) == 1
        with pytest.raises(MemoryError):
            unless_interrupted(lambda: (_ for _ in ()).throw(MemoryError), received)
        Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert unless_interrupted(Event().wait, received) is None
    assert received == [signal.SIGTERM]
