"""`rochdale credential`, beside two running nodes."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from config.limits import CREDENTIAL_DAYS
from did.base64url import decode_base64url
from did.credentials.sd_jwt_vc import present_sd_jwt_vc
from did.keys import KeyPair, did_key
from did.times import render_time
from governance.body_records import Body, BodyKind, Seat
from governance.charge_records import Charge
from governance.records import Account, AccountKey, Role
from governance.state_keys import Collection, state_key
from node.cli import app, run
from node.web.credential_store import CredentialStore
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


def put_account(node: WebNode, *, role: Role = Role.MEMBER, **fields: Any) -> None:
    """Let the ledger know an account of the node's cooperative."""
    own = node.context.registry.own.id
    account = Account(
        cooperative=own,
        role=role,
        keys=(AccountKey(public_key=HOLDER.public_key),),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        **{"joined_height": 3, **fields},
    )
    place = state_key(own, Collection.ACCOUNT, bytes.fromhex(ACCOUNT))
    node.engine.state[place] = account.encode()


def put_seat(node: WebNode, *, since_ms: int, term_ends_ms: int) -> None:
    """Let the account sit in the committee."""
    own = node.context.registry.own.id
    seat = Seat(
        office=bytes.fromhex(ACCOUNT),
        since_ms=since_ms,
        term_ends_ms=term_ends_ms,
        election=bytes(32),
    )
    place = state_key(own, Collection.BODY, bytes([BodyKind.COMMITTEE]))
    node.engine.state[place] = Body(kind=BodyKind.COMMITTEE, seats=(seat,)).encode()


async def issue(node: WebNode, file: Path, *arguments: str) -> int:
    return await type_in(
        node,
        *("credential", "issue", *arguments),
        *("--holder", did_key(HOLDER.public_key), "-o", str(file)),
    )


def read_claims(file: Path) -> Any:
    """What an SD-JWT VC says openly."""
    return json.loads(decode_base64url(file.read_text().split(".")[1]))


DAY_MS = 86_400_000


@pytest.mark.parametrize("days", [30, 400])
async def test_the_ledger_says_who_holds_an_office_and_until_when(
    pair: Pair, tmp_path: Path, days: int
) -> None:
    """The credential holds as long as the term does, and never longer than others."""
    node, file = pair[0], tmp_path / "role"
    now_ms = node.context.clock.now_ms()
    put_account(node, role=Role.OFFICER)
    put_seat(node, since_ms=now_ms - 3 * DAY_MS, term_ends_ms=now_ms + days * DAY_MS)

    code = await issue(node, file, "role", "--role", "committee", "--account", ACCOUNT)

    claims = read_claims(file)
    assert code == 0
    assert claims["role"] == "committee"
    assert claims["roleFrom"] == render_time(now_ms - 3 * DAY_MS)[:10]
    assert claims["roleUntil"] == render_time(now_ms + days * DAY_MS)[:10]
    ends_s = (now_ms + min(days, CREDENTIAL_DAYS) * DAY_MS) // 1_000
    assert abs(claims["exp"] - ends_s) <= 60


@pytest.mark.parametrize(
    ("prepare", "more", "sentence"),
    [
        (lambda _: None, [], "no open office account"),
        (put_account, [], "no open office account"),
        (
            lambda node: put_account(node, role=Role.OFFICER, left_height=9),
            [],
            "no open office account",
        ),
        (lambda node: put_account(node, role=Role.OFFICER), [], "does not know this office as"),
        (
            lambda node: (
                put_account(node, role=Role.OFFICER),
                put_seat(node, since_ms=1, term_ends_ms=2),
            ),
            [],
            "its term is over",
        ),
        (
            lambda node: (
                put_account(node, role=Role.OFFICER),
                put_seat(node, since_ms=1, term_ends_ms=4_000_000_000_000),
            ),
            ["--from", "2020-01-01"],
            "leave out `--from`",
        ),
        (lambda _: None, ["--until", "2030-01-01"], "leave out `--until`"),
    ],
    ids=["nobody", "member", "closed", "elsewhere", "over", "from", "until"],
)
async def test_who_does_not_hold_an_office_gets_no_credential_of_it(
    *,
    pair: Pair,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    prepare: Callable[[WebNode], object],
    more: list[str],
    sentence: str,
) -> None:
    """Whatever the operator types; dates that the ledger knows are not typed either."""
    prepare(pair[0])

    code = await issue(
        pair[0], tmp_path / "role", "role", "--role", "committee", "--account", ACCOUNT, *more
    )

    assert code in {1, 2}
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "role").exists()


async def test_a_charge_is_the_ledgers_too(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has it is known there, since when is not."""
    node, file = pair[0], tmp_path / "role"
    put_account(node, role=Role.OFFICER)
    asked = ["role", "--role", "Data steward", "--account", ACCOUNT, "--from", "2026-05-01"]

    before = await issue(node, file, *asked)
    place = state_key(node.context.registry.own.id, Collection.CHARGE, bytes([Charge.DATA_STEWARD]))
    node.engine.state[place] = bytes.fromhex(ACCOUNT)
    undated = await issue(node, file, *asked[:-2])
    after = await issue(node, file, *asked)

    assert (before, undated, after) == (1, 1, 0)
    assert "say `--from`" in capsys.readouterr().err
    assert read_claims(file)["role"] == "data_steward"


async def test_a_role_that_the_ledger_does_not_know_is_the_operators_word(
    pair: Pair, tmp_path: Path
) -> None:
    """It ends with the day that the operator says."""
    node, file = pair[0], tmp_path / "role"
    until = render_time(node.context.clock.now_ms() + 2 * DAY_MS)[:10]

    code = await issue(
        node, file, "role", "--role", "Librarian", "--from", "2026-05-01", "--until", until
    )

    claims = read_claims(file)
    assert code == 0
    assert (claims["role"], claims["roleUntil"]) == ("Librarian", until)
    assert render_time(claims["exp"] * 1_000) == render_time(
        round(datetime.fromisoformat(f"{until}T00:00:00+00:00").timestamp() + 86_400) * 1_000
    )


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda _: None, "no such member"),
        (lambda node: put_account(node, role=Role.OFFICER), "no such member"),
        (lambda node: put_account(node, left_height=9), "this member has left"),
        (put_account, "has not kept block 3"),
        (lambda node: setattr(node.engine, "is_down", True), "engine"),
    ],
    ids=["nobody", "officer", "left", "pruned", "down"],
)
async def test_the_roll_says_who_is_a_member_and_since_when(
    pair: Pair,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    prepare: Callable[[WebNode], object],
    sentence: str,
) -> None:
    """An operator does not make members."""
    prepare(pair[0])

    code = await issue(pair[0], tmp_path / "m", "membership", "--since", "--account", ACCOUNT)

    assert code != 0
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("ended", "months"),
    [
        ("2026-12-09T10:00:00Z", 30),
        ("2026-12-10T10:00:00Z", 31),
        ("2024-05-10T09:59:59Z", 0),
        ("2024-05-01T00:00:00Z", 0),
    ],
)
async def test_the_ledger_counts_the_months_of_a_membership(
    pair: Pair, tmp_path: Path, ended: str, months: int
) -> None:
    """Whole ones, up to the block of leaving."""
    node, file = pair[0], tmp_path / "moving"
    put_account(node, left_height=9)
    node.engine.block_times |= {"3": "2024-05-10T10:00:00Z", "9": ended}

    code = await issue(node, file, "portability", "--account", ACCOUNT)

    assert code == 0
    shown = present_sd_jwt_vc(
        file.read_text().strip(),
        disclose=[("tenureMonths",)],
        key=HOLDER,
        audience="b",
        nonce="n",
        now_s=1,
    )
    disclosed = [json.loads(decode_base64url(part)) for part in shown.split("~")[1:-1]]
    assert [item[1:] for item in disclosed] == [["tenureMonths", months]]
    assert (
        CredentialStore(node.context.private.connection).list_of_account(bytes.fromhex(ACCOUNT))
        == []
    )


@pytest.mark.parametrize("form", ["dc+sd-jwt", "ldp_vc", "jwt_vc_json"])
async def test_issued_here_checked_there_and_revoked(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """The other cooperative's operator sees what it states, and that it holds no longer."""
    ash, birch = pair
    file = tmp_path / "credential"
    options = ["--holder", did_key(HOLDER.public_key), "-o", str(file), "--account", ACCOUNT]
    put_account(ash, joined_height=7)
    ash.engine.block_times["7"] = "2024-05-31T23:59:59.123456789Z"

    code = await type_in(
        ash,
        "credential", "issue", "membership", "--since", "--format", form, "--json", *options,
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
        ["issue", "role", "--role", "Treasurer of the choir", "--from", "May"],
        ["issue", "role", "--role", "Treasurer of the choir"],
        ["issue", "role", "--role", "x", "--from", "2024-01-01", "--until", "2024-02-01"],
        ["issue", "role", "--role", "committee"],
        ["issue", "role", "--role", "x", "--role", "y"],
        ["issue", "portability"],
        ["issue", "portability", "--months", "1", "--format", "ldp_vc"],
        ["issue", "portability", "--months", "1", "--account", ACCOUNT],
        ["issue", "portability", "--account", ACCOUNT],
        ["issue", "membership"],
        ["issue", "membership", "--account", ACCOUNT],
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
