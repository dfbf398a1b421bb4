import math
import time

from pocketfiles.deadline import deadline, deadline_in


def test_outside_a_request_there_is_no_deadline() -> None:
    assert deadline() == math.inf


def test_a_request_has_the_seconds_it_was_given() -> None:
    before = time.monotonic()
    with deadline_in(5):
        assert before + 5 <= deadline() <= time.monotonic() + 5
    assert deadline() == math.inf


def test_a_request_inside_another_has_a_deadline_of_its_own() -> None:
    with deadline_in(100):
        outer = deadline()
        with deadline_in(1):
            assert deadline() < outer
        assert deadline() == outer
