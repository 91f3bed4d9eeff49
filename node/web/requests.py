"""Reading what requests carry: ids, numbers, bodies; the same refusals everywhere."""

import re

from aiohttp import web

from config.errors import RefusedError
from node.web.context import CONTEXT, WebContext

_HEX = re.compile(r"[0-9a-f]*")


def get_context(request: web.Request) -> WebContext:
    """What the process shares."""
    return request.app[CONTEXT]


def read_hash(request: web.Request, name: str) -> bytes:
    """A path's part that is 32 bytes in lowercase hex.

    Raises:
        RefusedError: It is not.
    """
    return parse_hash(request.match_info[name], name=name)


def parse_hash(text: str, *, name: str) -> bytes:
    """32 bytes in lowercase hex.

    Raises:
        RefusedError: It is not that.
    """
    if len(text) != 64 or not _HEX.fullmatch(text):
        raise RefusedError(f"{name} is 64 lowercase hexadecimal digits")
    return bytes.fromhex(text)


def read_query(request: web.Request, *names: str) -> dict[str, str]:
    """What the query says, each at most once.

    Raises:
        RefusedError: It says something else, or something twice.
    """
    if any(name not in names for name in request.query) or len(set(request.query)) != len(
        request.query
    ):
        raise RefusedError(f"the query takes each of {', '.join(names)} once")
    return dict(request.query)


def read_hex(request: web.Request, name: str, *, bytes_max: int) -> bytes:
    """A path's part in lowercase hex.

    Raises:
        RefusedError: It is not, or is too long.
    """
    text = request.match_info[name]
    if len(text) > 2 * bytes_max or len(text) % 2 or not _HEX.fullmatch(text):
        raise RefusedError(f"{name} is at most {2 * bytes_max} lowercase hexadecimal digits")
    return bytes.fromhex(text)


def read_number(text: str, *, name: str) -> int:
    """A decimal number that is not negative.

    Raises:
        RefusedError: It is not one.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise RefusedError(f"{name} is a decimal number")
    return int(text)
