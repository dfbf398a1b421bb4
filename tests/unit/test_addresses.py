import pytest

from pocketfiles.addresses import client_behind, networks, superuser_may_come_from

PROXIES = networks("10.0.0.0/8, 192.0.2.7,2001:db8::/32")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        # a client that calls directly, whatever it says
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        # through a trusted proxy, which API Gateway appends as well
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2, 10.0.0.1", "198.51.100.1"),
        ("192.0.2.7", "2001:DB9::1", "2001:DB9::1"),
        ("2001:db8::5", "198.51.100.1,2001:db8::5", "198.51.100.1"),
        # a client that forges the header, through a trusted proxy
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.1, 198.51.100.1, 203.0.113.9", "203.0.113.9"),
        # a proxy that calls by itself
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.1", "10.0.0.2"),
        # what cannot be read is nobody's address
        ("10.0.0.1", "198.51.100.1, junk, 10.0.0.1", ""),
        ("10.0.0.1", "198.51.100.1:80", ""),
        ("10.0.0.1", ",", ""),
        ("", "198.51.100.1", ""),
        ("junk", "198.51.100.1", ""),
    ],
)
def test_a_forwarded_address_counts_as_far_as_trusted_proxies_wrote_it(
    peer: str, forwarded_for: str, client: str
) -> None:
    assert client_behind(peer, forwarded_for, PROXIES) == client


@pytest.mark.parametrize("forwarded_for", ["198.51.100.1", "198.51.100.1, 10.0.0.1", "junk"])
def test_without_trusted_proxies_no_forwarded_address_counts(forwarded_for: str) -> None:
    assert client_behind("10.0.0.1", forwarded_for, ()) == "10.0.0.1"


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), (" ", 0), ("10.0.0.0/8", 1), ("::1, ,1.2.3.4", 2)]
)
def test_a_list_of_networks_is_separated_by_commas(text: str, count: int) -> None:
    assert len(networks(text)) == count


@pytest.mark.parametrize("text", ["junk", "10.0.0.0/33", "10.0.0.1;10.0.0.2", "10.0.0"])
def test_a_list_with_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        networks(text)


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
    assert superuser_may_come_from(address, listed) is may
