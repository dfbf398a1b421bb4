from pocketfiles.gateway import request_of
from tests.fakes import payload_event as event


def test_secrets_of_a_request_are_not_in_its_repr() -> None:
    shown = repr(request_of(event(headers={"authorization": "abc"}, body="password")))
    assert "x.y.z" not in shown
    assert "abc" not in shown
    assert "password" not in shown
