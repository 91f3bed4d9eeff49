"""The VC-API for test suites, over HTTP on loopback."""

import copy
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from config.errors import MisconfiguredError
from did.credentials.contexts import CREDENTIALS_CONTEXT
from node.cli import app, run
from node.exit_codes import INTERRUPTED, MISCONFIGURED
from node.vc_api import Suite
from node.vc_api_stand import open_stand

CREDENTIAL: dict[str, Any] = {
    "@context": [CREDENTIALS_CONTEXT],
    "type": ["VerifiableCredential"],
    "credentialSubject": {"id": "did:example:subject", "name": "x"},
}
OPTIONS = {"challenge": "c", "domain": "d"}


class Client:
    """A test suite's."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        async with self._session.post(path, json=body) as answer:
            text = await answer.read()
            return answer.status, await answer.json() if text else None

    async def issue(self, **changes: Any) -> tuple[int, Any]:
        status, body = await self.post(
            "/credentials/issue", {"credential": {**CREDENTIAL, **changes}}
        )
        return status, body.get("verifiableCredential", body)

    async def verify(self, credential: Any) -> tuple[int, Any]:
        return await self.post("/credentials/verify", {"verifiableCredential": credential})


@asynccontextmanager
async def open_client(suite: Suite, *, with_status: bool = False) -> AsyncIterator[Client]:
    async with (
        open_stand(port=0, suite=suite, with_status=with_status) as stand,
        aiohttp.ClientSession(stand.office.origin) as session,
    ):
        yield Client(session)


@pytest.mark.parametrize("suite", list(Suite))
async def test_what_is_issued_verifies_until_it_is_changed(suite: Suite) -> None:
    """By every suite; 201 and 200, else 400 with the problem."""
    async with open_client(suite) as client:
        issued, credential = await client.issue()
        verified, answer = await client.verify(credential)
        changed = copy.deepcopy(credential)
        if suite is Suite.JWT:
            changed["id"] = changed["id"][:-3] + "AAA"
        else:
            changed["credentialSubject"]["name"] = "y"
        refused, problem = await client.verify(changed)

    assert (issued, verified, refused) == (201, 200, 400)
    assert answer["verified"] is True
    assert problem["verified"] is False
    assert problem["problemDetails"][0]["detail"]


@pytest.mark.parametrize("suite", list(Suite))
async def test_presentations_are_proved_and_verified(suite: Suite) -> None:
    """For the challenge and domain of the options alone."""
    async with open_client(suite) as client:
        _, credential = await client.issue()
        presentation = {
            "@context": [CREDENTIALS_CONTEXT],
            "type": "VerifiablePresentation",
            "verifiableCredential": [credential],
        }
        proved, body = await client.post(
            "/presentations/prove", {"presentation": presentation, "options": OPTIONS}
        )
        statuses = [
            (await client.post("/presentations/verify", {**body, "options": options}))[0]
            for options in (OPTIONS, {**OPTIONS, "challenge": "other"}, {})
        ]

    assert proved == 201
    assert statuses == [200, 400, 400]


@pytest.mark.parametrize("suite", [Suite.JCS, Suite.RDFC])
async def test_a_presentation_may_show_nothing_and_a_document_name_its_types(suite: Suite) -> None:
    """VCDM 2.0 sections 4.13 and 4.3; logins ask for a credential."""
    named = {"Visit": "https://clinic.example/terms#Visit"}
    async with open_client(suite) as client:
        issued, credential = await client.issue(
            **{"@context": [CREDENTIALS_CONTEXT, named], "type": ["VerifiableCredential", "Visit"]}
        )
        verified, _ = await client.verify(credential)
        presentation = {
            "@context": [CREDENTIALS_CONTEXT, named],
            "type": ["VerifiablePresentation", "Visit"],
        }
        _, body = await client.post(
            "/presentations/prove", {"presentation": presentation, "options": OPTIONS}
        )
        shown, _ = await client.post("/presentations/verify", {**body, "options": OPTIONS})

    assert (issued, verified, shown) == (201, 200, 200)


async def test_a_status_can_be_set_and_cleared() -> None:
    """Suspension comes and goes, revocation stays."""
    async with open_client(Suite.JCS, with_status=True) as client:
        _, credential = await client.issue()
        verified = [(await client.verify(credential))[0]]
        for purpose, value in (("suspension", True), ("suspension", False), ("revocation", True)):
            status, _ = await client.post(
                "/credentials/status",
                {
                    "credentialId": credential["id"],
                    "credentialStatus": {"statusPurpose": purpose},
                    "status": value,
                },
            )
            assert status == 200
            verified.append((await client.verify(credential))[0])

    assert verified == [200, 400, 200, 400]


@pytest.mark.parametrize(
    "changes",
    [
        {"@context": ["https://evil.example/context"]},
        {"type": "Other"},
        {"issuer": "did:key:z6MkOther"},
        {"issuer": 5},
        {"credentialSubject": {}},
        {"validFrom": "tomorrow"},
        {"proof": {}},
    ],
)
async def test_refuses_to_issue_what_is_no_credential(changes: dict[str, Any]) -> None:
    """A refusal, never a signature."""
    async with open_client(Suite.JCS) as client:
        status, _ = await client.issue(**changes)

    assert status == 422


@pytest.mark.parametrize("suite", list(Suite))
async def test_undefined_terms_are_refused(suite: Suite) -> None:
    """When issuing already, by every suite."""
    async with open_client(suite) as client:
        status, _ = await client.issue(undefined="x")

    assert status == 422


async def test_other_bodies_are_refused() -> None:
    """Not JSON, not objects, unknown credentials and lists."""
    async with open_client(Suite.JCS) as client:
        answers = [
            await client.post("/credentials/issue", []),
            await client.post("/credentials/verify", {}),
            await client.post("/presentations/prove", {"presentation": {}, "options": 5}),
            await client.post("/presentations/verify", {"verifiablePresentation": 5}),
            await client.post("/credentials/status", {"credentialStatus": {}}),
            await client.post("/credentials/nothing", {}),
        ]

    assert [status for status, _ in answers] == [422, 422, 422, 422, 422, 404]


async def test_a_port_that_is_taken_is_said_so() -> None:
    """With what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(MisconfiguredError, match="choose another"):
            async with open_stand(port=taken.getsockname()[1], suite=Suite.JCS, with_status=False):
                pass


def test_the_command_serves_until_it_is_interrupted() -> None:
    """And tells where, and as whom."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", "from node.cli import main; main()", "vc-api"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.stdout.close()

    assert line.startswith("VC-API at http://127.0.0.1:")
    assert "did:key:z6Mk" in line
    assert process.wait(timeout=10) == INTERRUPTED
    assert run(app, ["vc-api", "--suite", "other"]) == MISCONFIGURED
