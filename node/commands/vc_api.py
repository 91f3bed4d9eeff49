"""`rochdale vc-api`: the W3C VC-API for test suites."""

import asyncio
from typing import Annotated

import typer

from node.commands.options import say


def vc_api(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0: any free one.")] = 0,
    suite: Annotated[
        str, typer.Option("--suite", help="eddsa-jcs-2022, eddsa-rdfc-2022 or vc-jwt.")
    ] = "eddsa-jcs-2022",
    with_status: Annotated[
        bool, typer.Option("--with-status", help="Give what is issued a status.")
    ] = False,
) -> None:
    """Serve the W3C VC-API on loopback until Ctrl-C, for test suites; needs no node.

    Each run has a new did:key. Whoever reaches it issues what they like: it is for tests alone.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.vc_api_stand import serve_stand  # noqa: PLC0415

    if suite not in {"eddsa-jcs-2022", "eddsa-rdfc-2022", "vc-jwt"}:
        raise MisconfiguredError("--suite is eddsa-jcs-2022, eddsa-rdfc-2022 or vc-jwt")
    asyncio.run(
        serve_stand(
            port=port,
            suite=suite,
            with_status=with_status,
            tell=lambda url, did: say(f"VC-API at {url}, issuing as {did}"),
        )
    )
