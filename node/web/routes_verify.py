"""The page where a member checks a receipt, by scripts that run in the browser alone.

The only page with scripts; its policy lets them in from this origin and lets nothing out. The
node that serves it must not be believed for that: the page says so, and what to do instead.
"""

from aiohttp import web

from node.web.middlewares import CONTENT_SECURITY_POLICY
from node.web.page_files import answer_file, answer_page, compute_file_hash
from node.web.requests import get_context

SCRIPTS = ("verify.mjs", "verifier.mjs", "encoding.mjs")
"""The page's own, the checks, and how files are spelled."""
_POLICY = f"{CONTENT_SECURITY_POLICY}; script-src 'self'"

routes = web.RouteTableDef()


@routes.get("/verify")
async def get_verify(request: web.Request) -> web.Response:
    """The page."""
    hashes = [(name, compute_file_hash(name)) for name in SCRIPTS]
    response = answer_page(get_context(request), "verify.html", scripts=hashes)
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@routes.get(f"/{{name:{'|'.join(SCRIPTS).replace('.', '[.]')}}}")
async def get_script(request: web.Request) -> web.Response:
    """One of its scripts, as the repository has it."""
    return answer_file(request.match_info["name"], content_type="text/javascript")
