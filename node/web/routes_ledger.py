"""The engine's read-only answers that light clients and state sync need, served again.

The engine's own RPC is a unix socket and stays one: it could broadcast, dial and dump. Only
the methods and parameters named here pass.
"""

import re
from collections.abc import Callable

from aiohttp import web

from config.errors import RefusedError
from did.jcs import JsonObject
from node.web.middlewares import answer_json, answer_refusal
from node.web.requests import get_context

_DECIMAL = re.compile(r"[0-9]{1,15}")
_HEX = re.compile(r"(0x)?(?:[0-9a-fA-F]{2}){0,512}")
_PATH = re.compile(r"/[a-z/]{1,32}")
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "status": (),
    "genesis": (),
    "commit": ("height",),
    "validators": ("height", "page", "per_page"),
    "consensus_params": ("height",),
    "block": ("height",),
    "abci_query": ("path", "data", "height", "prove"),
}

routes = web.RouteTableDef()


@routes.get("/ledger/{method}")
async def get_ledger(request: web.Request) -> web.Response:
    """One answer, spelled as the engine spells it, without the JSON-RPC envelope."""
    method = request.match_info["method"]
    known = _PARAMETERS.get(method)
    if known is None:
        return answer_refusal(f"only these are served: {', '.join(_PARAMETERS)}", status=404)
    params: JsonObject = {}
    for name, text in request.query.items():
        if name not in known or name in params:
            raise RefusedError(f"{method} takes each of {', '.join(known) or 'nothing'} once")
        params[name] = _READERS[name](text.strip('"'))
    return answer_json(await get_context(request).engine.call(method, params))


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
