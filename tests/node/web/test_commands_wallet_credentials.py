"""`rochdale wallet credentials`, typed against a node that serves."""

import asyncio
import json
from pathlib import Path

import pytest

from did.credentials.sd_jwt_vc import parse_sd_jwt_vc
from did.keys import did_key
from tests.node.terminal import Terminal
from tests.node.web.conftest import Pair
from tests.node.web.logins import admit, enrol, save_bound_wallet


def make_wallet(terminal: Terminal, pair: Pair, *, is_member: bool = True) -> Path:
    """The wallet file of somebody with an account at ash, a member or not yet."""
    wallet = enrol(pair[0])
    if is_member:
        admit(pair[0], wallet)
    return save_bound_wallet(terminal, pair[0], wallet)


async def type_credentials(terminal: Terminal, path: Path, *more: str) -> str:
    """Without holding up the node, which runs in this process."""
    words = ("wallet", "credentials", str(path), "-o", str(terminal.root / "member.credential"))
    return str(await asyncio.to_thread(terminal.type, *words, *more))


@pytest.mark.parametrize("form", ["dc+sd-jwt", "ldp_vc"])
async def test_a_member_takes_their_credential_into_their_own_hands(
    member_terminal: Terminal, pair: Pair, form: str
) -> None:
    """OpenID4VCI from end to end: bound to the wallet's key, for its owner's eyes."""
    path = make_wallet(member_terminal, pair)

    await type_credentials(member_terminal, path, "--format", form, "--node", pair[0].url)

    file = member_terminal.root / "member.credential"
    key = enrol(pair[0]).device_key.public_key
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    if form == "ldp_vc":
        document = json.loads(text)
        assert document["credentialSubject"]["id"] == did_key(key)
        assert "MembershipCredential" in document["type"]
    else:
        holder_key = parse_sd_jwt_vc(text.strip()).holder_key
        assert holder_key is not None
        assert holder_key.public_key == key


async def test_who_is_no_member_gets_none(member_terminal: Terminal, pair: Pair) -> None:
    """The ledger decides; no file is left."""
    path = make_wallet(member_terminal, pair, is_member=False)

    said = await type_credentials(member_terminal, path, "--node", pair[0].url)

    assert "only members get this credential" in said
    assert not (member_terminal.root / "member.credential").exists()


async def test_another_format_is_refused_in_words(member_terminal: Terminal, pair: Pair) -> None:
    """Before anybody is asked for a passphrase."""
    path = make_wallet(member_terminal, pair)

    said = await type_credentials(member_terminal, path, "--format", "pdf", "--node", pair[0].url)

    assert "one of dc+sd-jwt, ldp_vc" in said
