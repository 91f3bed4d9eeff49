"""Base64url without padding, in its one spelling (RFC 4648 §5, RFC 7515 §2).

Apart because Python's own decoder skips foreign characters and accepts stray trailing bits,
so that many texts would mean the same bytes.
"""

import base64
import binascii

from config.errors import RefusedError


def encode_base64url(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Read what `encode_base64url` could have written, and nothing else.

    Raises:
        RefusedError: Padding, foreign characters or stray trailing bits.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise RefusedError("not base64url") from error
    if encode_base64url(data) != text:
        raise RefusedError("not the one base64url spelling of its bytes")
    return data
