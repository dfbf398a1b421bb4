import math
import time

from pocketfiles.deadline import RESPONSE_SECONDS, deadline, deadline_in, seconds_left


def test_outside_a_request_there_is_no_deadline() -> None:
    assert deadline() == math.inf


def test_a_request_has_the_seconds_it_was_given() -> None:
    before = time.monotonic()
    with deadline_in(5):
        assert before + 5 <= deadline() <= time.monotonic() + 5
    assert deadline() == math.inf


def test_the_time_left_to_wait_leaves_room_for_the_response() -> None:
    assert seconds_left() is None
    with deadline_in(RESPONSE_SECONDS + 5):
        left = seconds_left()
        assert left is not None
        assert 0 < left <= 5
    with deadline_in(0):
        assert seconds_left() == 0


def test_a_request_inside_another_has_a_deadline_of_its_own() -> None:
    with deadline_in(100):
        outer = deadline()
        with deadline_in(1):
            assert deadline() < outer
        assert deadline() == outer
