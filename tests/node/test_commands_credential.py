"""`rochdale credential`, beside two running nodes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from did.credentials.sd_jwt_vc import present_sd_jwt_vc
from did.keys import KeyPair, did_key
from node.cli import app, run
from tests.node.web.conftest import Pair, WebNode, pair

__all__ = ["pair"]

HOLDER = KeyPair(b"\x02" * 32)
ACCOUNT = "0a" * 32


async def type_in(node: WebNode, *arguments: str) -> int:
    """Run a command as the operator of a node; its exit code."""
    return await asyncio.to_thread(run, app, [*arguments, "--home", str(node.home.root)])


def read_json(capsys: pytest.CaptureFixture[str]) -> Any:
    """What the command printed, without the log lines of the nodes in this process."""
    lines = capsys.readouterr().out.splitlines()
    return json.loads("\n".join(line for line in lines if "[info " not in line))


@pytest.mark.parametrize("form", ["dc+sd-jwt", "ldp_vc", "jwt_vc_json"])
async def test_issued_here_checked_there_and_revoked(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """The other cooperative's operator sees what it states, and that it holds no longer."""
    ash, birch = pair
    file = tmp_path / "credential"
    options = ["--holder", did_key(HOLDER.public_key), "-o", str(file), "--account", ACCOUNT]

    code = await type_in(
        ash,
        "credential", "issue", "membership", "--since", "2024-05", "--format", form, "--json",
        *options,
    )  # fmt: skip
    issued = read_json(capsys)
    checked = await type_in(birch, "credential", "check", str(file), "--json")
    (found,) = read_json(capsys)
    await type_in(ash, "credential", "revoke", issued["id"])
    capsys.readouterr()
    again = await type_in(birch, "credential", "check", str(file))
    error = capsys.readouterr().err
    await type_in(ash, "credential", "list", ACCOUNT, "--json")

    assert (code, checked, again) == (0, 0, 1)
    assert file.stat().st_mode & 0o077 == 0
    assert found["issuer"] == ash.context.registry.own.did
    assert "2024-05" in json.dumps(found["claims"])
    assert "revoked" in error
    (row,) = read_json(capsys)
    assert row == {"id": issued["id"], "kind": "membership", "state": "revoked"}


async def test_what_is_shown_is_checked_for_its_verifier(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A portability credential, in part, with the holder's proof."""
    ash, birch = pair
    file = tmp_path / "credential"
    options = ["--holder", did_key(HOLDER.public_key), "-o", str(file)]
    arguments = ["--months", "31", "--role", "board", "--role", "auditor"]
    await type_in(ash, "credential", "issue", "portability", *arguments, *options)
    shown = present_sd_jwt_vc(
        file.read_text().strip(),
        disclose=[("tenureMonths",)],
        key=HOLDER,
        audience="birch",
        nonce="n",
        now_s=birch.context.clock.now_s(),
    )
    file.write_text(shown)
    capsys.readouterr()

    code = await type_in(
        birch,
        "credential", "check", str(file), "--challenge", "n", "--domain", "birch", "--json",
    )  # fmt: skip
    (found,) = read_json(capsys)

    assert code == 0
    assert found["claims"]["tenureMonths"] == 31
    assert "roles" not in found["claims"]
    for challenge, domain in (("other", "birch"), ("n", "other")):
        refused = await type_in(
            birch,
            "credential", "check", str(file), "--challenge", challenge, "--domain", domain,
        )  # fmt: skip
        assert refused == 1
    assert await type_in(birch, "credential", "check", str(file)) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["issue", "other"],
        ["issue", "role"],
        ["issue", "role", "--role", "board", "--from", "May"],
        ["issue", "portability"],
        ["issue", "portability", "--months", "1", "--format", "ldp_vc"],
        ["issue", "membership", "--format", "jwt"],
        ["issue", "membership", "--account", "abc"],
        ["issue", "membership", "--holder", "did:web:a.example"],
        ["issue", "membership", "--holder", "did:key:z6Mk"],
        ["revoke", "urn:uuid:4f3a2b1c-0000-4000-8000-000000000001"],
        ["revoke", "x"],
        ["revoke", "x", "--suspend", "--resume"],
    ],
)
async def test_refuses_with_a_sentence(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Nothing is issued, and the reason says what to do."""
    if arguments[0] == "issue":
        arguments += ["-o", str(tmp_path / "file")]
        if "--holder" not in arguments:
            arguments += ["--holder", did_key(HOLDER.public_key)]

    code = await type_in(pair[0], "credential", *arguments)

    assert code in {1, 2}
    assert capsys.readouterr().err.startswith("rochdale: ")
    assert not (tmp_path / "file").exists()
