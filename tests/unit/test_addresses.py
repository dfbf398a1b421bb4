import pytest

from pocketfiles.addresses import client_address, superuser_may_come_from
from pocketfiles.catalogue.model import Settings


@pytest.mark.parametrize(
    ("proxy_headers", "leftmost", "headers", "address"),
    [
        ((), False, {"x-forwarded-for": "9.9.9.9"}, "1.1.1.1"),
        (("X-Forwarded-For",), False, {"x-forwarded-for": "9.9.9.9, 8.8.8.8"}, "8.8.8.8"),
        (("X-Forwarded-For",), True, {"x-forwarded-for": "9.9.9.9, 8.8.8.8"}, "9.9.9.9"),
        (("X-Forwarded-For",), False, {"x-forwarded-for": "9.9.9.9, junk"}, "9.9.9.9"),
        (("X-A", "X-B"), False, {"x-b": "2001:DB8::1"}, "2001:db8::1"),
        (("X-A",), False, {"x-a": "junk"}, "1.1.1.1"),
    ],
)
def test_the_client_address_comes_from_a_trusted_proxy_header(
    proxy_headers: tuple[str, ...], leftmost: bool, headers: dict[str, str], address: str
) -> None:
    settings = Settings(proxy_headers=proxy_headers, leftmost_ip=leftmost)
    assert str(client_address(headers, "1.1.1.1", settings)) == address


def test_a_peer_without_a_valid_address_has_no_client_address() -> None:
    assert client_address({}, "", Settings()) is None


@pytest.mark.parametrize(
    ("listed", "address", "may"),
    [
        ((), "1.2.3.4", True),
        ((), "", True),
        (("1.2.3.4",), "1.2.3.4", True),
        (("1.2.3.4",), "1.2.3.5", False),
        (("1.2.3.0/24",), "1.2.3.5", True),
        (("1.2.3.9/24",), "1.2.3.5", True),
        (("1.2.3.0/24",), "::ffff:1.2.3.5", False),
        (("2001:db8::/32",), "2001:0db8:0:0::1", True),
        (("junk", "1.2.3.4"), "1.2.3.4", True),
        (("junk",), "1.2.3.4", False),
        (("0.0.0.0/0",), "", False),
    ],
)
def test_a_superuser_may_come_from_listed_addresses_only(
    listed: tuple[str, ...], address: str, may: bool
) -> None:
    settings = Settings(superuser_ips=listed)
    assert superuser_may_come_from(client_address({}, address, settings), settings) is may
