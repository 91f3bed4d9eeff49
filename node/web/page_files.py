"""Templates and files of the pages, from the package's own folder and nowhere else.

Templates escape everything. Apart from the routes, which say what a page shows.
"""

import hashlib
import re
from importlib.resources import files

import jinja2
from aiohttp import web

from node.web.clock import describe_span
from node.web.context import WebContext
from node.web.status import render_status

_CAPITAL = re.compile(r"(?<!^)[A-Z]")
_FOLDER = files("node.web") / "templates"
WALLET_SCRIPTS = (
    "wallet.mjs",
    "wallet-ballots.mjs",
    "wallet-consents.mjs",
    "wallet-credentials.mjs",
    "wallet-access.mjs",
    "wallet-login.mjs",
    "wallet-view.mjs",
    "wallet-keys.mjs",
    "wallet-messages.mjs",
    "wallet-node.mjs",
    "verifier.mjs",
    "encoding.mjs",
)
"""All that the web wallet runs; the last two also check receipts on their own page."""
_MENU = (
    ("/wallet", "wallet.html", "Your wallet"),
    ("/bodies", "bodies.html", "Elected bodies"),
    ("/duties", "duties.html", "Duties"),
    ("/complaints", "complaints.html", "Complaints"),
    ("/register", "register.html", "Who can know you"),
    ("/verify", "verify.html", "Check a receipt"),
    ("/explorer", "explorer.html", "The ledger"),
)
"""What every page leads to: path, its template, and in words. What a member does comes first."""


def answer_page(context: WebContext, template: str, **values: object) -> web.Response:
    """A page of this node, with what every page says of it."""
    own = context.registry.own
    status = render_status(context)
    text = _ENVIRONMENT.get_template(template).render(
        name=own.name,
        did=own.did,
        status=status,
        silence=describe_span(status["silent_s"]),
        menu=_MENU,
        template=template,
        **values,
    )
    return web.Response(text=text, content_type="text/html", charset="utf-8")


def answer_missing(context: WebContext, reason: str, *, status: int = 404) -> web.Response:
    """The page that says that something is not here, or not now (status 503)."""
    response = answer_page(context, "missing.html", reason=reason, status_code=status)
    response.set_status(status)
    return response


def answer_file(name: str, *, content_type: str) -> web.Response:
    """A file as it is."""
    response = web.Response(text=_load(name), content_type=content_type, charset="utf-8")
    response.headers["Cache-Control"] = "max-age=300"
    return response


def compute_file_hash(name: str) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest()


def list_wallet_scripts() -> list[tuple[str, str]]:
    """Names and SHA-256 hashes of all that the web wallet runs, as installed here."""
    return [(name, compute_file_hash(name)) for name in WALLET_SCRIPTS]


def _load(name: str) -> str | None:
    file = _FOLDER / name
    return file.read_text(encoding="utf-8") if file.is_file() else None


def spell_kind(name: str) -> str:
    """The name of a kind of transaction or event, in words: `CastBallot` is `Cast ballot`."""
    return _CAPITAL.sub(lambda match: f" {match[0].lower()}", name)


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FunctionLoader(_load),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["spell_kind"] = spell_kind
