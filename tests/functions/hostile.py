"""Tokens and paths that somebody might try who may not see a protected file."""

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

from pocketfiles.catalogue.model import Record

SECRETS = {"file": "f" * 40, "auth": "a" * 40}
"""The collections' secrets, by type of token."""


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def part(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return encoded(text.encode())


def signed(header: Any, claims: Any, key: bytes, algorithm: Any = hashlib.sha256) -> str:
    """A token with that header and those claims, whatever they are."""
    unsigned = f"{part(header)}.{part(claims)}"
    return f"{unsigned}.{encoded(hmac.digest(key, unsigned.encode(), algorithm))}"


class TokenCorpus:
    """Tokens that claim to be a record's, none of which is valid."""

    def __init__(self, victim: Record, other: Record, kind: str) -> None:
        self.kind = kind
        self.other_kind = "auth" if kind == "file" else "file"
        self.victim = victim
        self.key = (victim.token_key + SECRETS[kind]).encode()
        self.other_key = (other.token_key + SECRETS[kind]).encode()
        self.now = int(time.time())
        self.claims: dict[str, Any] = {
            "collectionId": victim.collection_id,
            "exp": self.now + 600,
            "id": victim.id,
            "type": kind,
        }
        self.header: dict[str, Any] = {"alg": "HS256", "typ": "JWT"}
        self.valid = signed(self.header, self.claims, self.key)

    def all(self) -> Iterator[str]:
        """The whole corpus."""
        yield from self._foreign_keys()
        yield from self._algorithms()
        yield from self._claims()
        yield from self._claims_as_text()
        yield from self._shapes()
        yield from self._encodings()
        yield from self._signatures()

    def _foreign_keys(self) -> Iterator[str]:
        victim = self.victim.token_key
        secret, other_secret = SECRETS[self.kind], SECRETS[self.other_kind]
        keys = ["", " ", "null", "None", "undefined", "secret", victim, secret, other_secret]
        keys += [secret + victim, victim + other_secret, victim + secret + "\0", self.victim.id]
        keys += [(victim + secret).upper(), (victim + secret)[:-1], self.victim.collection_id]
        for key in [*(each.encode() for each in keys), self.other_key]:
            yield signed(self.header, self.claims, key)
            yield signed({"alg": "HS256", "kid": key.decode()}, self.claims, key)

    def _algorithms(self) -> Iterator[str]:
        names: list[Any] = ["none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", "ES256"]
        names += ["PS256", "EdDSA", "hs256", "Hs256", "HS256 ", " HS256", "HS256\0", "HS2560", ""]
        names += [None, 0, 1, True, [], ["HS256"], {"HS256": 1}]
        for name in names:
            header = {"alg": name, "typ": "JWT"}
            yield signed(header, self.claims, self.key)
            yield f"{part(header)}.{part(self.claims)}."
        for algorithm in (hashlib.sha1, hashlib.sha384, hashlib.sha512, hashlib.md5):
            yield signed(self.header, self.claims, self.key, algorithm)
        headers: list[Any] = [{}, {"typ": "JWT"}, [], "HS256", 7, None, {"ALG": "HS256"}]
        for header in headers:
            yield signed(header, self.claims, self.key)

    def _claims(self) -> Iterator[str]:
        """Claims that are wrong, signed as they should be."""
        past: list[Any] = [self.now - 1, self.now - 10**6, -1, 1, 0.5 + self.now - 2]
        not_times: list[Any] = [None, "", "0", str(self.now + 600), True, [], {}, [1], 1e300]
        names: list[Any] = [None, "", " ", 0, 1, True, [], {}, [self.victim.id], "\0", "*", "%"]
        strangers = ["nobody", "../bob", f"{self.victim.id}\0", f" {self.victim.id}", "' OR 1=1 --"]
        strangers += [f"{self.victim.id}/", f"{self.victim.id}#", "x" * 1025, "\ud7ff" * 400, "#"]
        kinds = ["auth" if self.kind == "file" else "file", "FILE", "File ", "access", "refresh"]
        collections = ["photos", "pbc_photos", "papers", "paper_view", "#catalogue", "#pointer#0"]
        collections += ["users ", "users\0", "pbc_users#rel_owner", "../users", "pbc_users/ada"]
        wrong: dict[str, list[Any]] = {
            "exp": past + not_times,
            "nbf": [self.now + 600, *not_times[:-1]],
            "iat": [self.now + 600, *not_times[:-1]],
            "id": names + strangers,
            "collectionId": names + collections,
            "type": names + kinds,
        }
        for name, values in wrong.items():
            for value in values:
                yield signed(self.header, {**self.claims, name: value}, self.key)
            if name in {"id", "collectionId", "type"}:
                rest = {key: value for key, value in self.claims.items() if key != name}
                yield signed(self.header, rest, self.key)

    def _claims_as_text(self) -> Iterator[str]:
        """Claims that are no JSON object, or whose JSON is odd, signed as they should be."""
        plain = json.dumps(self.claims)
        texts = ["", " ", "null", "[]", '"x"', "7", "true", "{", "}", "[" * 1500, '{"":' * 900]
        texts += [f"[{plain}]", plain + plain, plain[:-1], plain + ",", f"\ufeff{plain}"]
        texts += [plain.replace('"', "'"), plain.replace(":", "="), plain.upper()]
        texts += [f"/* */{plain}", plain.replace("}", ",}"), plain + "\0", f"({plain})"]
        for number in ("NaN", "Infinity", "-Infinity", "1e400", "0x7fffffff", "1_0", "+9", "09"):
            texts.append(plain.replace(str(self.now + 600), number))
        for text in texts:
            yield signed(self.header, text, self.key)
        yield signed(self.header, self.claims, self.key).replace(
            part(self.claims), encoded(plain.encode("utf-16"))
        )

    def _shapes(self) -> Iterator[str]:
        header, claims, signature = self.valid.split(".")
        for parts in ([], [header], [header, claims], [claims, signature], [signature]):
            yield ".".join(parts)
        for parts in (
            [header, claims, signature, ""],
            ["", header, claims, signature],
            [header, claims, signature, signature],
            [header, claims, "", signature],
            [header, claims, "", "", signature],
            [claims, header, signature],
            [header, header, signature],
            [header, "", signature],
            ["", claims, signature],
            ["", "", ""],
        ):
            yield ".".join(parts)
        yield from (".", "..", "...", "." * 1000, "a" * 3000, "null", "undefined", "{}", "[]")
        yield from (
            "true",
            "0",
            "'",
            '"',
            "%00",
            "../../etc/passwd",
            "${jndi:ldap://x}",
            "<script>",
        )

    def _encodings(self) -> Iterator[str]:
        valid = self.valid
        header, claims, signature = valid.split(".")
        yield from (f"Bearer{valid}", f"bearer:{valid}", f"Token {valid}", f'"{valid}"')
        yield from (f"{valid}=", f"{valid}==", f"{header}=.{claims}.{signature}", f"{valid}!")
        yield from (f"{valid}\0", f"{valid}%20", f"{valid};", f"{valid},", f"{valid}&", f"{valid}#")
        yield from (valid.upper(), valid.lower(), valid.swapcase(), valid[::-1], valid + valid)
        yield from (
            f"{valid},{valid}",
            f"{valid}/{valid}",
            quote(valid + "\u2028"),
            encoded(valid.encode()),
        )
        for dot in ("\u3002", "\uff0e", "\u00b7", "%2e", ",", " .", ". ", "\t.", "-"):
            yield valid.replace(".", dot)
        for letter in ("\u0435", "\uff45", "e\u0301"):  # look like the e that both parts begin with
            yield letter + valid[1:]
        yield f"{header}.{claims}.{base64.b64encode(b'~' * 32).decode()}"

    def _signatures(self) -> Iterator[str]:
        header, claims, signature = self.valid.split(".")
        right = base64.urlsafe_b64decode(signature + "=")
        wrong = [b"", b"\0", bytes(32), b"\xff" * 32, right[:-1], right[1:], right + b"\0"]
        wrong += [
            right + right,
            right[::-1],
            right.hex().encode(),
            right[:16],
            hashlib.sha256().digest(),
        ]
        wrong += [bytes([right[0] ^ 1]) + right[1:], right[:-1] + bytes([right[-1] ^ 128])]
        yield from (f"{header}.{claims}.{encoded(each)}" for each in wrong)

    def mutations(self, seed: int, count: int) -> Iterator[str]:
        """The valid token with one character of it, but for the last, changed, lost or added. The
        last has bits that do not count."""
        chance = random.Random(seed)
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
        for _ in range(count):
            place = chance.randrange(len(self.valid) - 1)
            letter = chance.choice(alphabet.replace(self.valid[place], ""))
            change = chance.choice(["change", "lose", "add"])
            rest = self.valid[place:] if change == "add" else self.valid[place + 1 :]
            yield self.valid[:place] + ("" if change == "lose" else letter) + rest


SEGMENT_ENDS = (
    "",
    "%00",
    "%20",
    "%0a",
    ".",
    "..",
    "/",
    "//",
    "/.",
    "%2f",
    "%5c",
    ";x",
    "%3f",
    "%23",
    "~",
)
BETWEEN = (
    "/",
    "//",
    "/./",
    "/x/../",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "/%2e/",
    "/.;/",
    "%252f",
    "/%00/",
    ";/",
)
PREFIXES = (
    "/api/files",
    "/api//files",
    "//api/files",
    "/API/FILES",
    "/api/files/.",
    "/api/files/x/..",
    "/api%2ffiles",
    "/%61pi/files",
    "",
    "/files",
    "/api",
    "/api/files/api/files",
    "/api/files/%2e%2e/files",
)


def spellings(names: list[str], record: str, file: str) -> Iterator[str]:
    """Paths that might lead to the file of a record, by any of the collection's names."""
    for prefix, one, two, name in product(PREFIXES, BETWEEN, BETWEEN[:5], names):
        yield f"{prefix}/{name}{one}{record}{two}{file}"
    for name, end_of_name, end_of_record, end in product(
        names, SEGMENT_ENDS, SEGMENT_ENDS, SEGMENT_ENDS
    ):
        yield f"/api/files/{name}{end_of_name}/{record}{end_of_record}/{file}{end}"
    for text in written_otherwise(file):
        yield f"/api/files/{names[0]}/{record}/{text}"
    for text in written_otherwise(record):
        yield f"/api/files/{names[0]}/{text}/{file}"
    for name in names:
        for text in written_otherwise(name):
            yield f"/api/files/{text}/{record}/{file}"
        thumbs = f"/api/files/{name}/{record}/thumbs_{file}"
        yield from (f"{thumbs}/4x4_{file}", f"{thumbs}%2f4x4_{file}", thumbs, f"{thumbs}/")


def written_otherwise(text: str) -> Iterator[str]:
    """A segment of a path in other spellings."""
    yield from (text.upper(), text.capitalize(), text.swapcase(), quote(text.upper()))
    yield "".join(f"%{ord(letter):02x}" for letter in text)
    yield "".join(f"%{ord(letter):02X}" for letter in text)
    yield "".join(f"%25{ord(letter):02x}" for letter in text)
    yield "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in text)
    yield "".join(f"%u{ord(letter):04x}" for letter in text)
    yield "".join(f"%c0%{0x80 | ord(letter):02x}" for letter in text)  # overlong UTF-8
    for place in range(len(text)):
        before, letter, after = text[:place], text[place], text[place + 1 :]
        yield f"{before}%{ord(letter):02x}{after}"
        yield f"{before}%25{ord(letter):02x}{after}"
        yield f"{before}{quote(letter + chr(0x301))}{after}"
        yield from (f"{before}%00{letter}{after}", f"{before}%2f{letter}{after}")
        yield from (f"{before}%0d%0a{letter}{after}", f"{before}%e2%80%8b{letter}{after}")
        yield f"{before}{after}"
