"""Who owns a URL: its https origin (FEP-fe34).

An actor may speak for what lies under its own origin and for nothing else. Every check of
that kind compares what these functions return, never prefixes of texts.
"""

from urllib.parse import urlsplit

from config.errors import RefusedError
from config.limits import URL_CHARACTERS_MAX
from did.documents import did_web_for_origin


class OriginError(RefusedError):
    """Not an https URL of a named host, or it lies under another origin than it should."""


def get_origin(url: str) -> str:
    """Get the https origin of a URL: `https://a.example/actor#http` has `https://a.example`.

    Raises:
        OriginError: Not an https URL of a lowercase host name, or with credentials in it.
    """
    if len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable():
        raise OriginError(f"a URL is printable ASCII of at most {URL_CHARACTERS_MAX} characters")
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        did_web_for_origin(origin)
    except (ValueError, RefusedError) as error:
        raise OriginError("a URL starts with https:// and a host name in lower case") from error
    if "\\" in url or " " in url:
        raise OriginError("a URL holds neither spaces nor backslashes")
    return origin


def check_same_origin(url: str, *, origin: str) -> None:
    """Check that a URL lies under an origin.

    Raises:
        OriginError: It does not, or it is no https URL.
    """
    if get_origin(url) != origin:
        raise OriginError(f"{url[:200]} does not belong to {origin}")


def get_document_url(url: str) -> str:
    """Get the document that a URL with a fragment is part of."""
    return url.partition("#")[0]
