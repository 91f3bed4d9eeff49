"""The engine's read-only answers that light clients and state sync need, served again.

The engine's own RPC is a unix socket and stays one: it could broadcast, dial and dump. Only
the methods and parameters named here pass. In two spellings: `GET /ledger/<method>` answers
with the result alone; `POST /ledger` speaks JSON-RPC 2.0 as the engine's own clients do
(CometBFT v0.38 `light/provider/http`), one call at a time, errors in the engine's words.
"""

import asyncio
import re
from collections.abc import Callable, Iterable

from aiohttp import web

from config.errors import RefusedError, UnavailableError
from config.limits import LEDGER_CALL_BYTES_MAX, LEDGER_CALLS_MAX
from did.jcs import JsonObject, parse_json_object
from node.web.middlewares import answer_json, answer_refusal
from node.web.requests import get_context

LEDGER_LIMIT: web.AppKey[asyncio.Semaphore] = web.AppKey("ledger_limit", asyncio.Semaphore)

_DECIMAL = re.compile(r"[0-9]{1,15}")
_HEX = re.compile(r"(0x)?(?:[0-9a-fA-F]{2}){0,512}")
_PATH = re.compile(r"/[a-z/]{1,32}")
_ID_MAX = 1 << 53
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "status": (),
    "genesis": (),
    "commit": ("height",),
    "validators": ("height", "page", "per_page"),
    "consensus_params": ("height",),
    "block": ("height",),
    "abci_query": ("path", "data", "height", "prove"),
}
_INVALID_REQUEST, _METHOD_NOT_FOUND, _INVALID_PARAMS, _BUSY = -32600, -32601, -32602, -32000

routes = web.RouteTableDef()


@routes.get("/genesis.json")
async def get_genesis_file(request: web.Request) -> web.Response:
    """The genesis file itself: the engine's method `genesis` leaves out what founders signed."""
    return web.Response(body=get_context(request).genesis_file, content_type="application/json")


@routes.get("/ledger/{method}")
async def get_ledger(request: web.Request) -> web.Response:
    """One answer, spelled as the engine spells it, without the JSON-RPC envelope."""
    method = request.match_info["method"]
    if method not in _PARAMETERS:
        return answer_refusal(f"only these are served: {', '.join(_PARAMETERS)}", status=404)
    params = _read_params(method, request.query.items())
    async with _take_place(request):
        return answer_json(await get_context(request).engine.call(method, params))


@routes.post("/ledger")
async def post_ledger(request: web.Request) -> web.Response:
    """One JSON-RPC call, as an engine makes it when it synchronises."""
    call_id: object = None
    try:
        call = parse_json_object(await request.read(), bytes_max=LEDGER_CALL_BYTES_MAX, depth_max=3)
        call_id, method, given = call.get("id"), call.get("method"), call.get("params") or {}
        if type(call_id) is not int or not 0 <= call_id < _ID_MAX or not isinstance(given, dict):
            return _answer_error(None, _INVALID_REQUEST, "one call with a numeric id and params")
        if method not in _PARAMETERS:
            served = ", ".join(_PARAMETERS)
            return _answer_error(call_id, _METHOD_NOT_FOUND, f"only these are served: {served}")
        params = _read_params(method, ((name, _spell(value)) for name, value in given.items()))
        async with _take_place(request):
            answer = await get_context(request).engine.forward(method, params)
    except RefusedError as error:
        return _answer_error(call_id, _INVALID_PARAMS, error.reason)
    except UnavailableError as error:
        return _answer_error(call_id, _BUSY, str(error))
    return answer_json({"jsonrpc": "2.0", "id": call_id, **answer})


def create_ledger_limit() -> asyncio.Semaphore:
    """Bounds how many of these requests are in work."""
    return asyncio.Semaphore(LEDGER_CALLS_MAX)


def _take_place(request: web.Request) -> asyncio.Semaphore:
    limit = request.app[LEDGER_LIMIT]
    if limit.locked():
        raise UnavailableError("too many ask at once: ask again in a moment")
    return limit


def _answer_error(call_id: object, code: int, reason: str) -> web.Response:
    error = {"code": code, "message": reason, "data": ""}
    return answer_json({"jsonrpc": "2.0", "id": call_id, "error": error})


def _read_params(method: str, given: Iterable[tuple[str, str]]) -> JsonObject:
    known = _PARAMETERS[method]
    params: JsonObject = {}
    for name, text in given:
        if name not in known or name in params:
            raise RefusedError(f"{method} takes each of {', '.join(known) or 'nothing'} once")
        params[name] = _READERS[name](text.strip('"'))
    return params


def _spell(value: object) -> str:
    """A JSON value as it stands in a query: engines write numbers in either way."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | str) else ""


def _matching(pattern: re.Pattern[str], kind: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise RefusedError(f"{kind} is expected")
        return text

    return read


_READERS: dict[str, Callable[[str], str | bool]] = {
    "height": _matching(_DECIMAL, "a height"),
    "page": _matching(_DECIMAL, "a number"),
    "per_page": _matching(_DECIMAL, "a number"),
    "path": _matching(_PATH, "a query's path"),
    "data": lambda text: _matching(_HEX, "hexadecimal data")(text).removeprefix("0x"),
    "prove": lambda text: text in {"true", "1"},
}
