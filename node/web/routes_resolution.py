"""`GET /1.0/identifiers/{did}`: a DID resolver as universal resolvers ask it.

Anybody may ask, so lookups elsewhere are bounded (`node.web.did_resolver`) and the guarded
client goes nowhere private. The answer is the resolution result, or the document alone where
`Accept` prefers one.

Source: W3C DID Resolution §11.1, HTTP(S) binding.
"""

from urllib.parse import unquote

from aiohttp import web

from config.did_limits import ACCEPT_CHARS_MAX, DID_URL_CHARS_MAX
from config.errors import InvariantError
from did.resolution.results import (
    DOCUMENT_TYPE,
    RESULT_TYPE,
    Problem,
    Resolution,
    ResolutionError,
    Version,
    parse_version,
    render_problem,
    render_result,
)
from node.web.middlewares import answer_json
from node.web.requests import get_context

PREFIX = "/1.0/identifiers/"
_LD_TYPE = "application/ld+json"
_RESULT_TYPES = (RESULT_TYPE, "application/json")
_DOCUMENT_TYPES = (DOCUMENT_TYPE, "application/did+ld+json", "application/did+json", _LD_TYPE)
_RESULT_PROFILE = "https://w3id.org/did-resolution"
_STATUSES = {
    Problem.INVALID_DID: 400,
    Problem.INVALID_DID_URL: 400,
    Problem.INVALID_OPTIONS: 400,
    Problem.NOT_FOUND: 404,
    Problem.REPRESENTATION_NOT_SUPPORTED: 406,
    Problem.INVALID_DID_DOCUMENT: 500,
    Problem.INTERNAL_ERROR: 500,
    Problem.METHOD_NOT_SUPPORTED: 501,
    Problem.FEATURE_NOT_SUPPORTED: 501,
}

routes = web.RouteTableDef()


@routes.get(PREFIX + "{did:.+}")
async def get_identifier(request: web.Request) -> web.Response:
    """Resolve a DID: 200, 410 if it is deactivated, or its problem with the status for it."""
    try:
        media_type = choose_type(request.headers.get("Accept", RESULT_TYPE))
        version = _read_version(request)
        resolution = await get_context(request).dids.resolve(read_did(request), version)
    except ResolutionError as error:
        return answer_json(
            render_problem(error.problem, error.reason),
            status=_STATUSES[error.problem],
            content_type=RESULT_TYPE,
        )
    return _answer(resolution, media_type=media_type)


def read_did(request: web.Request) -> str:
    """The DID in the path, as it is written: `%3A` within a DID is part of it.

    Whoever encodes the DID for the path encodes its colons or its percent signs; then, and
    only then, it is decoded, once.
    """
    raw = request.raw_path.partition("?")[0].partition(PREFIX)[2]
    if len(raw) > 3 * DID_URL_CHARS_MAX:
        raise ResolutionError(
            Problem.INVALID_DID, f"a DID has at most {DID_URL_CHARS_MAX} characters"
        )
    if raw.lower().startswith("did%3a") or "%25" in raw:
        return unquote(raw)
    return raw


def choose_type(accept: str) -> str:
    """Choose what to answer with (RFC 9110 §12.5.1); the earliest of the most preferred.

    Raises:
        ResolutionError: representationNotSupported: nothing that is served is acceptable.
    """
    best, best_quality = "", 0.0
    for item in accept[:ACCEPT_CHARS_MAX].split(","):
        media_type, *parameters = (part.strip() for part in item.split(";"))
        values = dict(parameter.partition("=")[::2] for parameter in parameters)
        served = _find_served(media_type.lower(), profile=values.get("profile", "").strip('"'))
        try:
            quality = float(values.get("q", "1"))
        except ValueError:
            quality = 0.0
        if served and quality > best_quality:
            best, best_quality = served, quality
    if not best:
        types = ", ".join((*_RESULT_TYPES, *_DOCUMENT_TYPES))
        raise ResolutionError(
            Problem.REPRESENTATION_NOT_SUPPORTED, f"these media types are served: {types}"
        )
    return best


def _find_served(media_type: str, *, profile: str) -> str:
    """Which of our types a media range means; empty: none."""
    if media_type in {"*/*", "application/*"} or (media_type, profile) == (
        _LD_TYPE,
        _RESULT_PROFILE,  # the result's type in earlier drafts
    ):
        return RESULT_TYPE
    return media_type if media_type in (*_RESULT_TYPES, *_DOCUMENT_TYPES) else ""


def _read_version(request: web.Request) -> Version:
    options = request.query
    unknown = set(options) - {"versionId", "versionTime"}
    if unknown:
        raise ResolutionError(
            Problem.FEATURE_NOT_SUPPORTED, "the options are versionId and versionTime"
        )
    if len(options) != len(set(options)):
        raise ResolutionError(Problem.INVALID_OPTIONS, "an option is given twice")
    return parse_version(
        version_id=options.get("versionId"), version_time=options.get("versionTime")
    )


def _answer(resolution: Resolution, *, media_type: str) -> web.Response:
    status = 410 if resolution.is_deactivated else 200
    if media_type in _RESULT_TYPES or resolution.document is None:
        if resolution.document is None and not resolution.is_deactivated:
            raise InvariantError("a resolver gave neither a document nor a reason")
        result_type = media_type if media_type in _RESULT_TYPES else RESULT_TYPE
        return answer_json(render_result(resolution), status=status, content_type=result_type)
    return answer_json(resolution.document, status=status, content_type=media_type)
