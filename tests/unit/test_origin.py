import pytest

from pocketfiles.errors import Forbidden
from pocketfiles.origin import REFRESH_SECONDS, Origin
from tests.fakes import Clock, request


def test_a_request_with_the_secret_is_admitted_without_it() -> None:
    admitted = Origin("arn", lambda _: ("new", "old"), Clock()).admit(
        request(x_origin_secret="new", accept="*/*")
    )
    assert admitted.headers == {"accept": "*/*"}


def test_the_secret_before_a_rotation_still_counts() -> None:
    assert Origin("arn", lambda _: ("new", "old"), Clock()).admit(request(x_origin_secret="old"))


@pytest.mark.parametrize("shown", ["", "wrong", "NEW", "newer", "ä"])
def test_any_other_request_is_forbidden(shown: str) -> None:
    with pytest.raises(Forbidden):
        Origin("arn", lambda _: ("new",), Clock()).admit(request(x_origin_secret=shown))


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nobody_is_admitted(secrets: tuple[str, ...]) -> None:
    for shown in ({}, {"x_origin_secret": ""}):
        with pytest.raises(Forbidden):
            Origin("arn", lambda _: secrets, Clock()).admit(request(**shown))


def test_secrets_are_fetched_once_in_a_while() -> None:
    clock, fetched = Clock(), []

    def fetch(arn: str) -> tuple[str, ...]:
        assert arn == "arn"
        fetched.append(clock.now)
        return ("s",)

    origin = Origin("arn", fetch, clock)
    for moment in (100.0, 100.0 + REFRESH_SECONDS - 1, 100.0 + REFRESH_SECONDS, 101.0 + REFRESH_SECONDS):
        clock.now = moment
        origin.admit(request(x_origin_secret="s"))
    assert fetched == [100.0, 100.0 + REFRESH_SECONDS]


def test_without_a_cdn_everybody_is_admitted() -> None:
    asked = request(x_origin_secret="x")
    assert Origin("", lambda _: (), Clock()).admit(asked) is asked
