import pytest

from pocketfiles.errors import Forbidden
from pocketfiles.origin import REFRESH_SECONDS, Origin
from tests.fakes import Clock, request


def test_the_secret_header_is_checked_and_removed() -> None:
    admitted = Origin("arn", lambda _: ("new", "old"), Clock()).admit(
        request(x_origin_secret="new", accept="*/*")
    )
    assert admitted.headers == {"accept": "*/*"}


def test_the_previous_secret_is_valid_during_a_rotation() -> None:
    assert Origin("arn", lambda _: ("new", "old"), Clock()).admit(request(x_origin_secret="old"))


@pytest.mark.parametrize("shown", ["", "wrong", "NEW", "newer", "ä"])
def test_a_request_without_a_valid_secret_is_forbidden(shown: str) -> None:
    with pytest.raises(Forbidden):
        Origin("arn", lambda _: ("new",), Clock()).admit(request(x_origin_secret=shown))


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_an_empty_secret_admits_nobody(secrets: tuple[str, ...]) -> None:
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
    for moment in (
        100.0,
        100.0 + REFRESH_SECONDS - 1,
        100.0 + REFRESH_SECONDS,
        101.0 + REFRESH_SECONDS,
    ):
        clock.now = moment
        origin.admit(request(x_origin_secret="s"))
    assert fetched == [100.0, 100.0 + REFRESH_SECONDS]


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::1:46532", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1:443", "2001:db8::1"),
        ("[2001:db8::1]:46532", "2001:db8::1"),
        ("198.51.100.10", "192.0.2.7"),
        ("nonsense:1", "192.0.2.7"),
        (":", "192.0.2.7"),
        ("", "192.0.2.7"),
        ("203.0.113.9, 198.51.100.10:46532", "192.0.2.7"),
    ],
)
def test_cloudfronts_viewer_address_is_the_clients_address(told: str, address: str) -> None:
    asked = request(x_origin_secret="s", cloudfront_viewer_address=told)
    admitted = Origin("arn", lambda _: ("s",), Clock()).admit(asked)
    assert (admitted.address, admitted.headers) == (address, {})


def test_without_a_viewer_address_the_peers_address_counts() -> None:
    admitted = Origin("arn", lambda _: ("s",), Clock()).admit(request(x_origin_secret="s"))
    assert admitted.address == "192.0.2.7"


def test_without_cloudfront_every_request_is_admitted_unchanged() -> None:
    asked = request(x_origin_secret="x", cloudfront_viewer_address="198.51.100.10:1")
    assert Origin("", lambda _: (), Clock()).admit(asked) is asked
