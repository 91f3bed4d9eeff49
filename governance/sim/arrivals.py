"""Who comes onto the roll: founders at once, others by the path that the rules prescribe."""

from collections.abc import Sequence

from config.limits import ADMISSIONS_PER_TX_MAX
from governance.events import Events
from governance.roll_events import AdmissionOpened
from governance.roll_transactions import ChallengeAdmission
from governance.sim.chain import SimulatedChain
from governance.sim.chance import Chance
from governance.sim.people import Person
from governance.transactions import AdmitMembers


def admit(
    chain: SimulatedChain, chance: Chance, group: Sequence[Person], *, witness: bytes
) -> Events:
    """Let the registrar admit a group, and a member object to whom they see through.

    Nobody decides on an objection: who is objected to stays out.

    Args:
        chain: Of the cooperative.
        chance: Of the simulation.
        group: Who applies; some may have been members before.
        witness: Account of the member who objects; of no account while nobody is caught.

    Returns:
        What the admissions brought; founders are on the roll at once.
    """
    events: Events = ()
    for start in range(0, len(group), ADMISSIONS_PER_TX_MAX):
        some = group[start : start + ADMISSIONS_PER_TX_MAX]
        payload = AdmitMembers(
            cooperative=chain.cooperative,
            inceptions=tuple(person.inception for person in some),
        )
        told = chain.apply(chain.registrar, payload) or ()
        events += told
        for event in told:
            if isinstance(event, AdmissionOpened):
                _object(chain, chance, some, admission=event.admission, witness=witness)
    return events


def _object(
    chain: SimulatedChain,
    chance: Chance,
    group: Sequence[Person],
    *,
    admission: bytes,
    witness: bytes,
) -> None:
    for person in group:
        if person.is_caught:
            payload = ChallengeAdmission(
                cooperative=chain.cooperative,
                admission=admission,
                account=person.account,
                reasons_hash=chance.digest("objection", person.place),
            )
            chain.apply(witness, payload)
