"""Which transactions may wait for a block, and which of them the next one takes.

Against the last committed state and what already waits: an account or cooperative cannot
have more waiting than its quota allows, nor a cooperative more than its share of the places and
bytes, and each block is filled from all cooperatives in turn. This node's own policy: nothing here
is part of consensus.
"""

from collections import defaultdict, deque
from collections.abc import Sequence

from config.limits import BLOCK_GAS_MAX, MEMPOOL_BYTES_MAX, MEMPOOL_TXS_MAX, TX_BYTES_MAX
from governance.context import BlockContext
from governance.key_transactions import KeyPayload
from governance.refusals import RefusalCode, TxRefusedError
from governance.rules import Rules
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import KeyValue, StateView
from ledger.envelope import Transaction, decode_transaction
from ledger.quotas import Pending, compute_gas
from ledger.signatures import Checked, SignatureChecker
from ledger.transition import TxOutcome, check_transaction, recheck_transaction, refuse

_TX_OVERHEAD_BYTES = 4
"""A transaction's tag and length in a block, at most: the engine counts them too."""


class Mempool:
    """The application's side of the engine's mempool."""

    def __init__(
        self,
        checker: SignatureChecker,
        *,
        state: KeyValue,
        block: BlockContext,
        rules: Rules,
    ) -> None:
        self._checker = checker
        self.begin(state, block, rules=rules)

    def begin(self, state: KeyValue, block: BlockContext, *, rules: Rules) -> None:
        """Start from a new state; what still waits is rechecked next, and counted again.

        Args:
            state: Last committed.
            block: The next one, as far as it is known: its time is at least this.
            rules: Of its height.
        """
        self._block = block
        self._rules = rules
        self._kv = state
        self._gas_of_accounts: defaultdict[bytes, int] = defaultdict(int)
        self._gas_of_cooperatives: defaultdict[bytes, int] = defaultdict(int)
        self._waiting: defaultdict[bytes, int] = defaultdict(int)
        """Transactions of each cooperative."""
        self._waiting_bytes: defaultdict[bytes, int] = defaultdict(int)
        self._taken: dict[tuple[bytes, int], bytes] = {}
        """Nonces that what waits will use up, each with its key, and what was signed."""
        self._cooperatives_count = 0
        """Who shares places and bytes; counted when the first transaction asks."""
        self._time_scale = 0
        """Of the chain; looked up when the first transaction asks."""

    def check(self, checked: Checked) -> TxOutcome:
        """Say whether a new transaction may wait."""
        if isinstance(checked, TxRefusedError):
            return refuse(checked)
        cooperative = self._find_home(checked)
        if not self._has_room(cooperative, checked.size_bytes):
            return refuse(TxRefusedError(RefusalCode.WAITING_TOO_MANY))
        signed = checked.signing_input
        if any(self._taken.get(nonce, signed) != signed for nonce in _list_nonces(checked)):
            # A block would take both, and only one of them could be charged.
            return refuse(TxRefusedError(RefusalCode.NONCE_USED))
        pending = Pending(
            account=self._gas_of_accounts.get(checked.account, 0),
            cooperative=self._gas_of_cooperatives.get(cooperative, 0),
        )
        outcome = check_transaction(
            self._kv,
            checked,
            block=self._block,
            rules=self._rules,
            time_scale=self._get_time_scale() if cooperative else 1,  # unknown: refused before
            pending=pending,
        )
        if not outcome.code:
            self._count(checked, cooperative, outcome.gas)
        return outcome

    def recheck(self, data: bytes) -> TxOutcome:
        """Say whether a transaction may wait on, after a block; checks no signature."""
        try:
            tx = self._checker.find(data) or decode_transaction(data)
        except TxRefusedError as refused:
            return refuse(refused)
        outcome = recheck_transaction(self._kv, tx, block=self._block)
        if not outcome.code:
            self._count(tx, self._find_home(tx), outcome.gas)
        return outcome

    def choose(self, data: Sequence[bytes], *, bytes_max: int) -> list[bytes]:
        """Fill a block from all cooperatives in turn, each one's in the order they came.

        Args:
            data: What waits.
            bytes_max: Room in the block.
        """
        queues: dict[bytes, deque[tuple[bytes, int]]] = {}
        unique = tuple(dict.fromkeys(data))
        for item, checked in zip(unique, self._checker.check(unique), strict=True):
            if isinstance(checked, Transaction) and _is_of(checked, self._rules):
                queue = queues.setdefault(self._find_home(checked), deque())
                queue.append((item, compute_gas(checked)))
        chosen: list[bytes] = []
        bytes_left, gas_left = bytes_max, BLOCK_GAS_MAX
        while queues:
            for cooperative in list(queues):
                item, gas = queues[cooperative].popleft()
                size = len(item) + _TX_OVERHEAD_BYTES
                if size <= bytes_left and gas <= gas_left:
                    chosen.append(item)
                    bytes_left -= size
                    gas_left -= gas
                if not queues[cooperative]:
                    del queues[cooperative]
        return chosen

    def _find_home(self, tx: Transaction) -> bytes:
        """The sender's cooperative; empty for an unknown account."""
        return StateView(self._kv).get_home(tx.account) or b""

    def _count(self, tx: Transaction, cooperative: bytes, gas: int) -> None:
        self._gas_of_accounts[tx.account] += gas
        self._gas_of_cooperatives[cooperative] += gas
        self._waiting[cooperative] += 1
        self._waiting_bytes[cooperative] += tx.size_bytes
        self._taken.update(dict.fromkeys(_list_nonces(tx), tx.signing_input))

    def _has_room(self, cooperative: bytes, size_bytes: int) -> bool:
        if not self._cooperatives_count:
            prefix = state_key(FEDERATION, Collection.COOPERATIVE, b"")
            self._cooperatives_count = max(1, sum(1 for _ in self._kv.scan(prefix)))
        bytes_max = max(TX_BYTES_MAX, MEMPOOL_BYTES_MAX // self._cooperatives_count)
        return (
            self._waiting.get(cooperative, 0) < MEMPOOL_TXS_MAX // self._cooperatives_count
            and self._waiting_bytes.get(cooperative, 0) + size_bytes <= bytes_max
        )

    def _get_time_scale(self) -> int:
        if not self._time_scale:
            self._time_scale = StateView(self._kv).get_parameters().time_scale
        return self._time_scale


def _list_nonces(tx: Transaction) -> list[tuple[bytes, int]]:
    """What nothing else that waits may use up: of an account's keys there is one change."""
    if isinstance(tx.payload, KeyPayload):
        return [(tx.account, 0)]
    return [(key, tx.nonce) for key in tx.keys]


def is_sound(
    checker: SignatureChecker, data: Sequence[bytes], *, bytes_max: int, rules: Rules
) -> bool:
    """Check what every node sees alike in a proposed block's bytes: nothing else may count.

    Each transaction's form, kind and signatures, none twice, and the block's bytes and gas.
    """
    if len(dict.fromkeys(data)) != len(data):
        return False
    if sum(len(item) + _TX_OVERHEAD_BYTES for item in data) > bytes_max:
        return False
    gas = 0
    for checked in checker.check(data):
        if not isinstance(checked, Transaction) or not _is_of(checked, rules):
            return False
        gas += compute_gas(checked)
    return gas <= BLOCK_GAS_MAX


def _is_of(tx: Transaction, rules: Rules) -> bool:
    """Whether a version of the rules has this kind of transaction."""
    return isinstance(tx.payload, rules.payloads)
