"""What a sealed chain hands over, in one file: its seal as a receipt, its bylaws, its roll.

The receipt leads from the former chain's genesis file, which is in the file too, to its final
header and the seal in its state; everything else follows from the seal. So whoever reads the
file believes nobody but the former chain's validators. Pure: who writes, sends and approves
is `node`'s matter.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from config.errors import RefusedError
from config.limits import IMPORTS_PER_TX_MAX, SEALED_FILE_BYTES_MAX, TX_BYTES_MAX
from did.accounts import Inception
from did.codec import CodecError
from did.jcs import JsonObject, canonicalize, parse_json_object
from governance.bylaws import Bylaws
from governance.merkle_log import (
    ReadNode,
    compute_inclusion_path,
    compute_inner_hash,
    compute_leaf_hash,
    compute_range_path,
    compute_root,
)
from governance.records import RollEntry
from governance.seals import ImportedAccount, ImportedEntry, Seal, SealedChain
from governance.state_keys import FEDERATION, Collection, state_key
from governance.transactions import ImportRoll
from ledger.genesis import check_genesis
from ledger.receipts import Receipt, Verified, check_receipt, parse_receipt_object
from ledger.trust import TrustBundle

SEALED_FORMAT = "rochdale-sealed-1"
SEAL_KEY = state_key(FEDERATION, Collection.SEAL, b"")
_FIELDS = {"format", "genesis", "receipt", "inception", "bylaws", "roll"}
_ENVELOPE_BYTES = 4_096
"""What a transaction needs beside its payload, with the most signatures."""


class SealedChainError(RefusedError):
    """The file is malformed, or says otherwise than the seal."""


@dataclass(frozen=True, kw_only=True)
class SealedFile:
    """A sealed chain's file as read: that its seal is the chain's is not checked yet."""

    genesis: bytes
    """The former chain's genesis file."""
    receipt: Receipt
    """Of the seal in the former chain's last state."""
    inception: Inception
    """The cooperative's: its hash is the id that the seal names."""
    bylaws: Bylaws
    accounts: tuple[ImportedAccount, ...]
    """In the order of the roll."""

    @cached_property
    def seal(self) -> Seal:
        """What the chain ended with.

        Raises:
            SealedChainError: The receipt shows something else.
        """
        if self.receipt.key != SEAL_KEY or self.receipt.value is None:
            raise SealedChainError("the receipt in the file is not of a seal")
        return Seal.parse(self.receipt.value)

    @property
    def chain(self) -> SealedChain:
        """What a motion says of it."""
        return SealedChain(chain_id=self.receipt.chain_id, seal=self.seal, bylaws=self.bylaws)

    def to_bytes(self) -> bytes:
        """The file; `parse_sealed` reads it back."""
        return canonicalize(
            {
                "format": SEALED_FORMAT,
                "genesis": self.genesis.decode(),
                "receipt": self.receipt.to_json(),
                "inception": [
                    self.inception.public_key.hex(),
                    self.inception.next_key_commitment.hex(),
                    self.inception.guardians_commitment.hex(),
                ],
                "bylaws": self.bylaws.encode().hex(),
                "roll": [account.encode().hex() for account in self.accounts],
            }
        )

    def list_parts(self, *, start: int) -> Iterator[ImportRoll]:
        """The roll from a place on, with its proofs, as transactions bring it over."""
        ordered = sorted(self.accounts, key=lambda item: item.account)
        index_of = {item.account: index for index, item in enumerate(ordered)}
        read_accounts = _index([item.encode() for item in ordered])
        read_roll = _index(list_roll_leaves(self.accounts))
        size = len(self.accounts)
        entries = tuple(
            ImportedEntry(
                account=item,
                index=index_of[item.account],
                path=compute_inclusion_path(read_accounts, index=index_of[item.account], size=size),
            )
            for item in self.accounts[start:]
        )
        done = 0
        while done < len(entries):
            count = _count_fitting(entries[done : done + IMPORTS_PER_TX_MAX])
            first = start + done
            yield ImportRoll(
                start=first,
                entries=entries[done : done + count],
                roll_path=compute_range_path(read_roll, start=first, end=first + count, size=size),
            )
            done += count


def parse_sealed(data: bytes) -> SealedFile:
    """Read a sealed chain's file and check that all of it follows from the seal in it.

    Raises:
        RefusedError: Malformed, or roll, bylaws or cooperative are not those of the seal.
    """
    document = parse_json_object(data, bytes_max=SEALED_FILE_BYTES_MAX)
    if document.keys() != _FIELDS or document["format"] != SEALED_FORMAT:
        raise SealedChainError(f"this is no file of format {SEALED_FORMAT}")
    try:
        first, following, guardians = (bytes.fromhex(item) for item in document["inception"])
        file = SealedFile(
            genesis=document["genesis"].encode(),
            receipt=_parse_receipt(document["receipt"]),
            inception=Inception(
                public_key=first, next_key_commitment=following, guardians_commitment=guardians
            ),
            bylaws=Bylaws.parse(bytes.fromhex(document["bylaws"])),
            accounts=tuple(ImportedAccount.parse(bytes.fromhex(item)) for item in document["roll"]),
        )
    except (TypeError, ValueError, AttributeError, CodecError) as error:
        raise SealedChainError("the sealed chain's file lacks a field, or one is malformed") from (
            error
        )
    _check_content(file)
    return file


def check_sealed_chain(
    file: SealedFile,
    *,
    now_ms: int,
    trust: TrustBundle | None = None,
    accepts_old_trust: bool = False,
) -> Verified:
    """Check by the light client that the seal is in the former chain's last state.

    Args:
        file: From `parse_sealed`.
        now_ms: The reader's clock, Unix milliseconds.
        trust: Whom the reader believes of the former chain; None: its genesis file, as the file
            has it, however old. Compare that one's hash with people of the cooperative.
        accepts_old_trust: Whether the reader believes `trust` beyond the trusting period.

    Raises:
        RefusedError: The seal is not the chain's; the genesis file in it is not the one that
            the reader believes; or none is given and the chain had other founders, so that its
            own genesis file is not the cooperative's word alone.
    """
    genesis = check_genesis(file.genesis)
    if trust is None and {item.cooperative for item in genesis.founders} != {file.seal.cooperative}:
        raise SealedChainError(
            "others than this cooperative founded its chain: name a trust bundle or genesis file "
            "of that chain with `--trust`, from people whom you believe"
        )
    if trust is not None and trust.genesis_hash != compute_genesis_hash(file):
        raise SealedChainError(
            "the genesis file in it is not the one that your trust file is of: get the sealed "
            "chain's file again from that cooperative, or that chain's own trust bundle"
        )
    return check_receipt(
        file.receipt,
        trust=trust or genesis.trust,
        now_ms=now_ms,
        accepts_old_trust=trust is None or accepts_old_trust,
    )


def compute_genesis_hash(file: SealedFile) -> bytes:
    """By which people tell the former chain; 32 bytes."""
    return hashlib.sha256(file.genesis).digest()


def list_roll_leaves(accounts: Sequence[ImportedAccount]) -> list[bytes]:
    """The roll's entries, as the former chain's log has them."""
    return [
        RollEntry(account=item.account, height=item.joined_height).encode() for item in accounts
    ]


def _check_content(file: SealedFile) -> None:
    seal = file.seal
    ordered = sorted(file.accounts, key=lambda item: item.account)
    for is_wrong, what in (
        (not seal.is_complete, "the seal is not complete"),
        (file.inception.compute_id() != seal.cooperative, "the inception is another cooperative's"),
        (file.bylaws.compute_hash() != seal.bylaws_hash, "the bylaws are not the sealed ones"),
        (len(ordered) != seal.roll_size, "the roll has more or fewer entries than the sealed one"),
        (len(ordered) != seal.accounts_count, "there are more or fewer accounts than sealed"),
        (any(a.account == b.account for a, b in pairwise(ordered)), "an account stands twice"),
        (
            compute_root(list_roll_leaves(file.accounts)) != seal.roll_root,
            "the roll is not the sealed one",
        ),
        (
            compute_root([item.encode() for item in ordered]) != seal.accounts_root,
            "the accounts are not the sealed ones",
        ),
    ):
        if is_wrong:
            raise SealedChainError(what)


def _parse_receipt(value: object) -> Receipt:
    if not isinstance(value, dict):
        raise SealedChainError("the file holds no receipt")
    document: JsonObject = value
    return parse_receipt_object(document)


def _index(leaves: Sequence[bytes]) -> ReadNode:
    levels = [[compute_leaf_hash(leaf) for leaf in leaves]]
    while len(levels[-1]) > 1:
        row = levels[-1]
        pairs = zip(row[::2], row[1::2], strict=False)  # the last one may stand alone
        levels.append([compute_inner_hash(left, right) for left, right in pairs])
    return lambda level, index: levels[level][index]


def _count_fitting(entries: Sequence[ImportedEntry]) -> int:
    """How many entries a transaction has room for."""
    left = TX_BYTES_MAX - _ENVELOPE_BYTES
    for count, entry in enumerate(entries):
        left -= len(entry.encode())
        if left < 0:
            return count
    return len(entries)
