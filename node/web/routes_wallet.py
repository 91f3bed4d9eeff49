"""The page that is a member's wallet: keys made, kept and used in the browser alone.

Its policy lets scripts in from this origin and lets them speak with this origin only. The node
never sees a secret; that it could serve another page, this page says, and what to do about it.
"""

from aiohttp import web

from node.web.consent_words import GRANTEES, PURPOSES, RESOURCES
from node.web.middlewares import CONTENT_SECURITY_POLICY
from node.web.page_files import WALLET_SCRIPTS, answer_file, answer_page, list_wallet_scripts
from node.web.requests import get_context

_OWN_SCRIPTS = tuple(name for name in WALLET_SCRIPTS if name.startswith("wallet"))
_POLICY = (
    f"{CONTENT_SECURITY_POLICY}; script-src 'self'; connect-src 'self';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)

routes = web.RouteTableDef()


@routes.get("/wallet")
async def get_wallet(request: web.Request) -> web.Response:
    """The page."""
    context = get_context(request)
    response = answer_page(
        context,
        "wallet.html",
        origin=context.origin,
        scripts=list_wallet_scripts(),
        purposes=PURPOSES,
        resources=RESOURCES,
        grantees=GRANTEES,
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


@routes.get(f"/{{name:{'|'.join(_OWN_SCRIPTS).replace('.', '[.]')}}}")
async def get_script(request: web.Request) -> web.Response:
    """One of its scripts, as the repository has it."""
    return answer_file(request.match_info["name"], content_type="text/javascript")
