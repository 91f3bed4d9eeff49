"""Being found and finding others: our record out, partners' records in, Follows between.

The discovery process carries records; whom they must be signed by comes from the chain. A
partner's actor counts if its record names it and it names the cooperative's DID.
"""

import asyncio
from importlib.metadata import version

import structlog

from activitypub.vocabulary import build_follow
from config.errors import RefusedError, UnavailableError
from config.limits import RECORD_LIFETIME_S_MAX
from did.jcs import canonicalize
from federation.discovery_client import DirectoryItem
from federation.record import (
    CooperativeRecord,
    LedgerAddress,
    check_registered_record,
    compute_next_seq,
    sign_record,
)
from node.web.context import WebContext
from node.web.delivering import revive_partner
from node.web.mailbox import Following

log = structlog.get_logger(__name__)

_LOOK_S = 1.0
_RECORD_LIFETIME_S = RECORD_LIFETIME_S_MAX // 3
_RENEW_AFTER_S = _RECORD_LIFETIME_S // 2


class PartnerFinder:
    """Keeps record, directory and Follows up to date."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._record_seq = 0
        self._record_issued_s = 0
        self._seen: dict[str, str] = {}
        """DID to the record that was acted on."""

    async def run(self) -> None:
        """Look every second; runs until cancelled. Discovery being down is waited out."""
        while True:
            try:
                await self.look()
            except UnavailableError:
                self._context.discovery_status = {}
                self._record_issued_s = 0  # a discovery process that restarts has forgotten it
            except RefusedError as error:
                log.warning("discovery_refused", reason=error.reason)
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Publish what is due and act on what was found.

        Raises:
            UnavailableError: The discovery process does not answer.
            RefusedError: It does not take our record.
        """
        discovery = self._context.discovery
        await discovery.set_registry(self._context.registry.assertion_keys)
        now_s = self._context.clock.now_s()
        if self._context.registry.is_own_registered and (
            now_s - self._record_issued_s > _RENEW_AFTER_S
        ):
            await self._publish_record(now_s)
        items = await discovery.get_directory()
        self._context.discovery_status = await discovery.get_status()
        self._context.directory_states = {item.did: item.state.value for item in items}
        for item in items:
            if item.did != self._context.registry.own.did:
                await self._meet(item, now_s=now_s)

    async def _publish_record(self, now_s: int) -> None:
        context = self._context
        own = context.registry.own
        peer = await context.discovery.get_peer()
        seq = compute_next_seq(self._record_seq, now_s=now_s)
        exp = now_s + _RECORD_LIFETIME_S
        proof = await context.discovery.prove_peer(did=own.did, seq=seq, exp=exp)
        record = CooperativeRecord(
            did=own.did,
            name=own.name,
            actor=context.actor,
            inbox=f"{context.origin}/inbox",
            ledger=LedgerAddress(
                chain_id=context.genesis.chain_id, node_id=own.node_id, address=own.p2p_address
            ),
            peer_id=peer.peer_id,
            peer_addresses=peer.addresses,
            software=f"rochdale/{version('rochdale')}",
            seq=seq,
            iat=now_s,
            exp=exp,
            peer_proof=proof,
        )
        jws = sign_record(record, key=context.assertion_key, kid=f"{own.did}#assertion")
        await context.discovery.publish(jws)
        self._record_seq, self._record_issued_s = seq, now_s
        context.own_record = jws
        log.info("record_published", seq=seq)

    async def _meet(self, item: DirectoryItem, *, now_s: int) -> None:
        """Act on a partner's record that is new to this process."""
        if self._seen.get(item.did) == item.record_jws:
            return
        try:
            record = check_registered_record(
                item.record_jws, now_s=now_s, registry=self._context.registry.assertion_keys
            )
            actor = await self._context.client.get_actor(record.actor)
        except UnavailableError:
            return
        except RefusedError as error:
            log.warning("partner_refused", partner=item.did, reason=error.reason)
            return
        if record.did not in actor.also_known_as or actor.inbox != record.inbox:
            log.warning("partner_refused", partner=item.did, reason="record and actor disagree")
            return
        partner = self._context.mailbox.put_partner(
            did=record.did, actor=actor.id, inbox=actor.inbox, outbox=actor.outbox
        )
        revive_partner(self._context, partner)
        if partner.following is Following.NO and self._context.settings.web.follow_partners:
            self._follow(record.did)
        self._seen[item.did] = item.record_jws

    def _follow(self, did: str) -> None:
        context = self._context
        partner = context.mailbox.find_partner(did)
        if partner is None or not context.registry.is_own_registered:
            return
        published = context.clock.now_text()
        context.mailbox.ask_to_follow(
            partner,
            lambda number: canonicalize(
                build_follow(
                    origin=context.origin,
                    number=number,
                    actor=partner.actor,
                    published=published,
                )
            ),
            now_ms=context.clock.now_ms(),
        )
        context.post_waits.set()
        log.info("follow_sent", partner=did)
