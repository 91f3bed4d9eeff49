"""Transactions that go on whatever happens to the node, and what their senders were told."""

import asyncio
import threading
import time

from config.errors import UnavailableError
from did.accounts import Inception, compute_key_commitment
from did.keys import KeyPair
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from governance.transactions import AdmitMembers
from ledger.envelope import sign_transaction
from ledger.rpc import EngineClient, EngineError
from node.home import Home
from node.keystore import load_key
from node.settings import load_settings

_SENDERS = 4
_PAUSE_S = 0.02
_RESENT_AFTER_S = 2
"""A client's patience: then it sends the same bytes again."""
_TOO_MANY = {
    RefusalCode.QUOTA_OF_ACCOUNT,
    RefusalCode.QUOTA_OF_COOPERATIVE,
    RefusalCode.WAITING_TOO_MANY,
}


class Load:
    """A registrar admits one new member after the other, each until its outcome is known.

    Several clients in a thread of their own; use as a context manager around what happens to
    the node. It may be entered again. Leaving waits for the outcome of everything sent.
    """

    def __init__(self, home: Home) -> None:
        settings = load_settings(home.settings_path, environ={})
        root = load_key(home.keys, "cooperative")
        successor = load_key(home.keys, "cooperative-next")
        self.cooperative = Inception(
            public_key=root.public_key,
            next_key_commitment=compute_key_commitment(successor.public_key),
            guardians_commitment=bytes(32),
        ).compute_id()
        self.sent = 0
        self.committed: dict[int, int] = {}
        """Members, and the height that the engine told."""
        self.known: set[int] = set()
        """Members whose outcome was told, or whose nonce is spent."""
        self._home = home
        self._chain_id = settings.network.chain_id
        self._registrar = load_key(home.keys, "registrar")
        self._valid_until_ms = time.time_ns() // 1_000_000 + 3_600_000
        self._waiting: list[int] = []
        self._is_stopping = False
        self._failure: BaseException | None = None

    def __enter__(self) -> "Load":
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._is_stopping = True
        if kind is not None:
            return  # the thread ends with the process; the failure matters
        self._thread.join(90)
        if self._failure is not None:
            raise self._failure
        assert not self._thread.is_alive(), f"no outcome of {self._waiting}"

    def member(self, number: int) -> bytes:
        """The account of a member."""
        return _make_inception(number).compute_id()

    def _run(self) -> None:
        try:
            asyncio.run(self._send_all())
        except BaseException as error:  # noqa: BLE001 - raised again by the test's thread
            self._failure = error

    async def _send_all(self) -> None:
        async with (
            EngineClient(self._home.rpc_socket, timeout_s=5) as client,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(_SENDERS):
                group.create_task(self._send_on(client))

    async def _send_on(self, client: EngineClient) -> None:
        while self._waiting or not self._is_stopping:
            if not self._waiting:
                self.sent += 1
                self._waiting.append(self.sent)
            number = self._waiting.pop(0)
            try:
                is_known = await self._send(client, number)
            except (UnavailableError, EngineError, TimeoutError):
                is_known = False
            if is_known:
                self.known.add(number)
            else:
                self._waiting.append(number)
            await asyncio.sleep(_PAUSE_S)

    async def _send(self, client: EngineClient, number: int) -> bool:
        payload = AdmitMembers(cooperative=self.cooperative, inceptions=(_make_inception(number),))
        data = sign_transaction(
            chain_id=self._chain_id,
            account=compute_office_account_id(cooperative=self.cooperative, role=Role.REGISTRAR),
            nonce=number,
            valid_until_ms=self._valid_until_ms,
            payload=payload,
            keys=[self._registrar],
        )
        taken = await client.broadcast_tx_sync(data)
        if taken.code in _TOO_MANY:
            return False
        if taken.code:
            # In a block whose answer was lost with the engine.
            assert taken.code == RefusalCode.NONCE_USED, taken.log
            return True
        async with asyncio.timeout(_RESENT_AFTER_S):
            result = await client.wait_for_tx(taken.hash)
        assert result.code == 0, result.log
        self.committed[number] = result.height
        return True


def _make_inception(number: int) -> Inception:
    key = KeyPair(b"member".ljust(28, b".") + number.to_bytes(4, "big"))
    return Inception(
        public_key=key.public_key, next_key_commitment=bytes(32), guardians_commitment=bytes(32)
    )
