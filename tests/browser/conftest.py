"""A federation of two that has something to show, and Debian's Chromium to look at it.

Two, because with two the loss of one stands still: the page that nobody should see must be
seen here. Pages are asked for over HTTP alone.
"""

import asyncio
import json
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from testnet.community import Community, Member
from testnet.federation import LocalFederation
from testnet.manifest import DEFAULT_MANIFEST, load_manifest, resize
from testnet.ports import choose_ports
from testnet.steps import discovery, genesis, insights, members, partners, vote
from testnet.story import Story, run_steps
from tests.browser.acting import complain
from tests.browser.owner import Owner, come_back
from tests.browser.site import Site

STEPS = (
    ("genesis", genesis.run),
    ("discovery", discovery.run),
    ("partners", partners.run),
    ("members", members.run),
    ("vote", vote.run),
    ("insights", insights.run),
)
PORT = 9_300
"""Away from the ports that federations choose by themselves, for one may just start."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two cooperatives with members, proposals, outcomes and insights."""
    manifest = resize(load_manifest(DEFAULT_MANIFEST), 2)
    directory = tmp_path_factory.mktemp("federation")
    ports = choose_ports(2, base=PORT)
    with asyncio.Runner() as runner:
        federation = LocalFederation(manifest, directory=directory, ports=ports)
        community = Community(federation, directory=directory)
        story = Story(federation=federation, community=community, tell=_show, announce=_show)
        try:
            runner.run(run_steps(story, STEPS))
            assert story.report.ok, story.report.steps[-1].error
            own, partner = federation.nodes
            voter = community.members_of(own)[0]
            runner.run(complain(own.url, voter, "The minutes come late"))
            paths = _find_paths(own.url)
            yield Site(
                origin=own.url,
                name=own.plan.name,
                partner_name=partner.plan.name,
                partner=partner.processes,
                paths=paths,
                files={
                    **_fetch_receipts(own.url, paths["accepted"], voter),
                    "block": _download(f"{own.url}/api/receipts/block/2"),
                    "genesis": own.home.genesis_path.read_bytes(),
                    "trust": _download(f"{partner.url}/api/trust"),
                },
                home=own.home,
                members=community.members_of(own),
            )
        finally:
            runner.run(federation.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Browser]:
    """Chromium; depends on the site, because its own event loop must end first."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def enrolled(browser: Browser, site: Site) -> Iterator[Owner]:
    """A member with a web wallet, whom tests share: a roll grows only so fast."""
    context = browser.new_context()
    owner = Owner(context.new_page(), site)
    owner.make()
    owner.join(site)
    yield owner
    context.close()


@pytest.fixture
def member(context: BrowserContext, site: Site, enrolled: Owner) -> Owner:
    """That member in a fresh browser profile."""
    return come_back(context.new_page(), site, enrolled)


@pytest.fixture(params=[1280, 320])
def width(request: pytest.FixtureRequest) -> int:
    """Of the window, in CSS pixels: a desk's and the narrowest that WCAG 1.4.10 asks for."""
    return int(request.param)


@pytest.fixture
def page(browser: Browser, width: int) -> Iterator[Page]:
    """A fresh window."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def context(browser: Browser, width: int) -> Iterator[BrowserContext]:
    """A fresh browser profile."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    yield context
    context.close()


def _show(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _find_paths(origin: str) -> dict[str, str]:
    proposals = _fetch(f"{origin}/api/proposals")["proposals"]
    held = _fetch(f"{origin}/api/insights")["insights"]
    accepted, quiet, release = (
        next(row["id"] for row in proposals if (row["kind"], row["outcome"]) == wanted)
        for wanted in (("ordinary", "accepted"), ("ordinary", "no_quorum"), ("insight", "accepted"))
    )
    complaint = next(row["id"] for row in proposals if row["kind"] == "complaint")
    own, foreign = (
        next(row["digest"] for row in held if row["own"] is is_own) for is_own in (True, False)
    )
    [ballot] = _fetch(f"{origin}/api/transactions?proposal={accepted}&limit=1")["transactions"]
    return {
        "overview": "/",
        "bodies": "/bodies",
        "duties": "/duties",
        "complaints": "/complaints",
        "register": "/register",
        "explorer": "/explorer",
        "earlier blocks": f"/explorer?up_to={ballot['height']}",
        "block": f"/explorer/blocks/{ballot['height']}",
        "transaction": f"/explorer/transactions/{ballot['hash']}",
        "validators": "/explorer/validators",
        "accepted": f"/proposals/{accepted}",
        "no quorum": f"/proposals/{quiet}",
        "release": f"/proposals/{release}",
        "vote on a complaint": f"/proposals/{complaint}",
        "own insight": f"/insights/{own}",
        "partner's insight": f"/insights/{foreign}",
    }


def _fetch_receipts(origin: str, proposal: str, voter: Member) -> dict[str, bytes]:
    """What the member's wallet would keep of a vote."""
    proposal_id = proposal.rpartition("/")[2]
    ballot_id = voter.actor.compute_ballot_id(bytes.fromhex(proposal_id)).hex()
    return {
        kind: _download(f"{origin}/api/receipts/{kind}/{proposal_id}/{ballot_id}")
        for kind in ("ballot", "counted")
    }


def _fetch(url: str) -> dict[str, Any]:
    return dict(json.loads(_download(url)))


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
        return bytes(answer.read())
