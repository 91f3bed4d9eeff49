"""What a member does with a wallet: apply, propose, vote, and check what came of it.

Keys never leave the wallet: a node gets signed bytes and relays them. What a node answers
about the ledger is checked here against a trust bundle, offline.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import COMMIT_WAIT_S, TEXT_BYTES_MAX, TX_OFFERED_MS
from did.applications import sign_application
from did.jcs import JsonObject
from did.wallets import Home, Wallet, bind_wallet
from governance.member_acts import MemberAct
from governance.proposal_records import BallotChoice, ProposalKind, compute_ballot_id
from governance.transactions import CastBallot, Payload, SubmitProposal, compute_proposal_id
from ledger.envelope import sign_transaction
from node.member_client import Committed, NodeClient
from node.public_answers import Proposal

_NONCE_BYTES = 16
_PREFIX_DIGITS_MIN = 8
_ID_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SentProposal:
    """A proposal that was handed in."""

    proposal_id: bytes
    committed: Committed


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBallot:
    """A ballot that was handed in."""

    proposal_id: bytes
    ballot_id: bytes
    committed: Committed


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a proposal asks for beside its text."""

    kind: ProposalKind = ProposalKind.ORDINARY
    subject: bytes = b""
    """Digest of what it is about, for kinds that name one."""
    act: MemberAct | None = None
    """What the rules do if it is accepted."""


class Actor:
    """A wallet at its cooperative's node."""

    def __init__(
        self, wallet: Wallet, node: NodeClient, *, chain_id: str, now_ms: Callable[[], int]
    ) -> None:
        self.wallet = wallet
        self._node = node
        self._chain_id = chain_id
        self._now_ms = now_ms
        self._nonce = 0

    async def propose(
        self,
        text: str,
        asked: Asked | None = None,
        *,
        voting_days: int = 0,
    ) -> SentProposal:
        """Put a motion before the cooperative and give its node the text.

        Args:
            text: What is proposed; its first line is the title. At most 64 KiB.
            asked: What is asked for beside the text; nothing for an ordinary motion.
            voting_days: Days of voting, if more than the bylaws ask for; at most 366.

        Raises:
            RefusedError: The text is too long or empty, or the ledger refuses.
            UnavailableError: The node does not answer, no block came, or the proposal is on
                the ledger but the node has not got its text.
        """
        asked = Asked() if asked is None else asked
        data = text.encode()
        if not text.strip() or len(data) > TEXT_BYTES_MAX:
            raise RefusedError(f"a proposal's text has 1 to {TEXT_BYTES_MAX} bytes: shorten it")
        digest = hashlib.sha256(data).digest()
        payload = SubmitProposal(
            cooperative=self.wallet.get_home().cooperative_id,
            kind=asked.kind,
            text_hash=digest,
            subject=asked.subject,
            voting_days=voting_days,
            act=asked.act,
        )
        nonce = self._take_nonce()
        committed = await self._send(payload, nonce)
        proposal_id = compute_proposal_id(
            account=self.wallet.account_id, nonce=nonce, payload=payload
        )
        try:
            await self._node.put_text(digest.hex(), data)
        except (RefusedError, UnavailableError) as error:
            raise UnavailableError(
                f"proposal {proposal_id.hex()} is on the ledger, but the node has not got its "
                f"text ({error}): do not propose again, send the text with "
                "`rochdale wallet propose --text-only`"
            ) from error
        return SentProposal(proposal_id=proposal_id, committed=committed)

    async def vote(self, proposal_id: bytes, choice: BallotChoice) -> SentBallot:
        """Cast a ballot, or replace the one cast before.

        Raises:
            RefusedError: The ledger refuses; says why.
            UnavailableError: The node does not answer, or no block came.
        """
        payload = CastBallot(
            cooperative=self.wallet.get_home().cooperative_id,
            proposal_id=proposal_id,
            choice=choice,
        )
        committed = await self._send(payload, self._take_nonce())
        ballot_id = self.compute_ballot_id(proposal_id)
        return SentBallot(proposal_id=proposal_id, ballot_id=ballot_id, committed=committed)

    def compute_ballot_id(self, proposal_id: bytes) -> bytes:
        """The identity that this wallet's ballot has on a proposal; 32 bytes."""
        return compute_ballot_id(proposal_id=proposal_id, account=self.wallet.account_id)

    async def act(self, payload: Payload) -> tuple[Committed, int]:
        """Send any other transaction; its block, and the nonce that ids are computed with.

        Raises:
            RefusedError: The ledger refuses; says why.
            UnavailableError: The node does not answer, or no block came.
        """
        nonce = self._take_nonce()
        return await self._send(payload, nonce), nonce

    async def _send(self, payload: Payload, nonce: int) -> Committed:
        transaction = sign_transaction(
            chain_id=self._chain_id,
            account=self.wallet.account_id,
            nonce=nonce,
            valid_until_ms=self._now_ms() + TX_OFFERED_MS,
            payload=payload,
            keys=[self.wallet.device_key],
        )
        transaction_hash = await self._node.submit(transaction)
        committed = await self._node.wait_committed(transaction_hash, timeout_s=COMMIT_WAIT_S)
        if committed.code:
            raise RefusedError(committed.reason, code=committed.code)
        return committed

    def _take_nonce(self) -> int:
        # The clock needs no memory between two runs of a command.
        self._nonce = max(self._nonce + 1, self._now_ms())
        return self._nonce


async def apply_for_membership(
    wallet: Wallet,
    node: NodeClient,
    *,
    name: str,
    contact: str,
    now_s: int,
    random: Callable[[int], bytes],
) -> tuple[Wallet, str]:
    """Bind a wallet to a node's cooperative and hand in a signed application.

    Args:
        wallet: Bound to no cooperative yet, or to this one.
        node: The cooperative's own.
        name: As the registrar shall know the applicant; may be empty.
        contact: How the registrar reaches the applicant; may be empty.
        now_s: Unix seconds.
        random: Source of random bytes.

    Returns:
        The bound wallet, to be saved, and the application's id.

    Raises:
        RefusedError: The node refuses the application, or the wallet is another's.
    """
    home = read_home(await node.get_status())
    bound = bind_wallet(wallet, home)
    application = sign_application(
        key=bound.device_key,
        inception=bound.inception,
        cooperative_id=home.cooperative_id,
        name=name,
        contact=contact,
        iat_s=now_s,
        nonce=random(_NONCE_BYTES),
    )
    return bound, await node.apply(application)


async def find_proposal(node: NodeClient, *, cooperative: bytes, named: str | None) -> Proposal:
    """Find the proposal that a member means.

    Args:
        node: Of any cooperative.
        cooperative: The member's own; 32 bytes.
        named: The proposal's id or its first digits; none for the only one that is open.

    Raises:
        RefusedError: There is none.
        MisconfiguredError: More than one, or not an id.
    """
    if named is not None and len(named) == _ID_DIGITS:
        found = await node.find_proposal(named.lower())
        if found is None:
            raise RefusedError("this node knows no such proposal: check the id")
        return found
    rows = await node.list_proposals(cooperative)
    if named is None:
        missing = _describe_none_open(rows)
        rows = [row for row in rows if row["stage"] == "voting"]
    else:
        if len(named) < _PREFIX_DIGITS_MIN:
            raise MisconfiguredError(
                f"give at least the first {_PREFIX_DIGITS_MIN} digits of the proposal's id"
            )
        rows = [row for row in rows if row["id"].startswith(named.lower())]
        missing = f"your cooperative has no proposal {named}: see them on its node's page"
    if not rows:
        raise RefusedError(missing)
    if len(rows) > 1:
        ids = ", ".join(row["id"][:16] for row in rows)
        raise MisconfiguredError(f"name one of these proposals: {ids}")
    return rows[0]


async def find_title(node: NodeClient, proposal: Proposal) -> str | None:
    """First line of a proposal's text, if the node has it."""
    text = await node.fetch_text(proposal["text_hash"])
    return None if text is None else next(iter(text.strip().splitlines()), None)


def read_home(status: JsonObject) -> Home:
    """Read which cooperative a node is of from its status, as `NodeClient` has checked it."""
    return Home(
        network=status["network"],
        cooperative_id=bytes.fromhex(status["cooperative"]),
        origin=status["origin"],
    )


def _describe_none_open(rows: list[Proposal]) -> str:
    """Say when there will be something to vote on."""
    ends_ms = [row["discussion_ends_ms"] for row in rows if row["stage"] == "discussion"]
    if not ends_ms:
        return "your cooperative has no proposal to vote on: see them on its node's page"
    opens = datetime.fromtimestamp(min(ends_ms) // 1_000, tz=UTC)
    return f"none is open for voting now, the next opens at {opens:%Y-%m-%d %H:%M:%S} UTC"
