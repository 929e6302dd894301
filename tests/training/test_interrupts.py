import signal

import pytest

from gancli.training.interrupts import SIGNALS, StopRequest

pytestmark = pytest.mark.usefixtures("hangups_count")


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_remembered_and_the_handlers_come_back(number):
    before = [signal.getsignal(other) for other in SIGNALS]
    with StopRequest() as stop:
        assert stop.signal_number is None
        signal.raise_signal(number)
        assert stop.signal_number == number
    assert [signal.getsignal(other) for other in SIGNALS] == before


def test_a_second_ctrl_c_stops_at_once():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job may begin with it ignored
    try:
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGINT)
            assert stop.signal_number == signal.SIGINT
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_terminal_that_hangs_up_twice_is_no_impatience():
    before = signal.signal(signal.SIGTERM, lambda number, frame: at_once.append(number))
    at_once = []
    try:
        with StopRequest() as stop:
            for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
                signal.raise_signal(number)
            assert (stop.signal_number, at_once) == (signal.SIGHUP, [])
            signal.raise_signal(signal.SIGTERM)
            assert at_once == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_hangup_that_is_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with StopRequest() as stop:
        signal.raise_signal(signal.SIGHUP)
    assert (stop.signal_number, signal.getsignal(signal.SIGHUP)) == (None, signal.SIG_IGN)
