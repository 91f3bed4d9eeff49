"""Who loses a seat loses the credential of it."""

import pytest

from governance.accountability_events import BodyDismissed
from governance.body_events import CountbackOpened, OfficeClosed, OfficerRecalled, TermsEnded
from governance.body_records import BodyKind
from governance.events import Event
from node.web.credential_office import CredentialFormat
from node.web.credential_store import CredentialState, CredentialStore
from node.web.leavers import revoke_leavers
from tests.node.web.conftest import Pair
from tests.node.web.test_routes_presentation import FOREIGN, issue

ACCOUNT = b"a" * 32
COMMITTEE = {"cooperative": b"c" * 32, "body": BodyKind.COMMITTEE}


@pytest.mark.parametrize(
    "event",
    [
        TermsEnded(**COMMITTEE, offices=(b"o" * 32, ACCOUNT)),  # type: ignore[arg-type]
        BodyDismissed(**COMMITTEE, offices=(ACCOUNT,)),  # type: ignore[arg-type]
        OfficerRecalled(**COMMITTEE, office=ACCOUNT),  # type: ignore[arg-type]
        CountbackOpened(
            **COMMITTEE,  # type: ignore[arg-type]
            office=ACCOUNT,
            countback=b"p" * 32,
            election=b"e" * 32,
        ),
        OfficeClosed(cooperative=b"c" * 32, office=ACCOUNT, bodies=(BodyKind.COMMITTEE,)),
    ],
)
def test_who_loses_a_seat_loses_its_credential(pair: Pair, event: Event) -> None:
    """With the block that says so, whatever the reason; not what was issued since."""
    issue(pair[0], FOREIGN, CredentialFormat.SD_JWT_VC)
    store = CredentialStore(pair[0].context.private.connection)
    [issued] = store.list_of_account(ACCOUNT)

    assert revoke_leavers(store, [event], time_ms=issued.issued_at_ms - 1) == 0
    assert revoke_leavers(store, [event], time_ms=issued.issued_at_ms) == 1

    assert [item.state for item in store.list_of_account(ACCOUNT)] == [CredentialState.REVOKED]
