"""PocketBase's settings, plain or encrypted (pocketbase.md §8.2).

The settings say from which addresses superusers may come. Settings that cannot be read are
therefore an error, never an empty list. They also hold the secrets for mail and storage, so no
error message quotes them.
"""

import base64
import json
from typing import Any

from ..errors import SourceError

_NONCE_BYTES = 12


def read(value: str | bytes | None, key: str | None) -> dict[str, Any]:
    """Parse the settings from the row's ``value``, decrypting them with ``key`` if necessary.

    Raises ``SourceError``.
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
    text = text.strip()
    if not text:
        raise SourceError(
            "the database holds no settings; start PocketBase once so that it writes them"
        )
    plain = _object(text)
    if plain is not None:
        return plain
    if key is None:
        raise SourceError(
            "PocketBase's settings are encrypted: name the environment variable with the key, "
            "as in --encryption-env PB_ENCRYPTION_KEY"
        )
    opened = _object(_decrypted(text.strip('"'), key))
    if opened is None:
        raise SourceError("PocketBase's settings are damaged: decrypted, they are not JSON")
    return opened


def _object(text: str | bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _decrypted(text: str, key: str) -> bytes:
    try:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only who encrypts needs it
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    except ImportError:
        raise SourceError("reading encrypted settings needs the package cryptography") from None
    try:
        sealed = base64.b64decode(text, validate=True)
        nonce = sealed[:_NONCE_BYTES]
        encrypted = sealed[_NONCE_BYTES:]
        return AESGCM(key.encode()).decrypt(nonce, encrypted, None)
    except InvalidTag:
        raise SourceError("PocketBase's settings do not open with this encryption key") from None
    except ValueError as error:
        raise SourceError(f"PocketBase's settings cannot be decrypted: {error}") from None
