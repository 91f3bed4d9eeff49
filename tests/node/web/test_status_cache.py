"""Others' status lists are kept for as long as these allow; own ones and refusals are not."""

import dataclasses
from typing import Any

import pytest

from config.did_limits import STATUS_LISTS_KEPT_BYTES_MAX, STATUS_LISTS_KEPT_MAX
from config.errors import RefusedError, UnavailableError
from did.credentials.refusals import CredentialError
from node.web.credential_checks import CredentialChecks
from node.web.credential_office import CredentialFormat
from node.web.credential_store import CredentialState
from node.web.status_cache import StatusCache
from tests.node.web.conftest import Pair
from tests.node.web.test_credentials import issue, make_office

URL = "https://oak.test/credentials/status/1-token"


class Hands:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def steady_s(self) -> float:
        return self.now_s


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def cache(hands: Hands) -> StatusCache[str]:
    return StatusCache(steady_s=hands.steady_s, own_origin="https://ash.test")


@pytest.mark.parametrize(
    ("ttl_s", "left_s", "kept_s"),
    [
        (None, None, 60),
        (None, 20, 20),
        (120, None, 120),
        (120, 30, 30),
        (86_400, None, 900),
        (0, None, 0),
        (120, 0, 0),
        (120, -5, 0),
    ],
)
def test_a_list_is_kept_no_longer_than_it_allows(
    cache: StatusCache[str], hands: Hands, ttl_s: int | None, left_s: int | None, kept_s: int
) -> None:
    """Nor than it holds, nor than we do ourselves."""
    cache.put(URL, "list", size=1, ttl_s=ttl_s, left_s=left_s)
    hands.now_s = kept_s - 0.1
    before = cache.get(URL)
    hands.now_s = kept_s

    assert before == ("list" if kept_s else None)
    assert cache.get(URL) is None


def test_own_lists_are_not_kept(cache: StatusCache[str]) -> None:
    """A revocation holds at once where it was made; a name that begins alike is another's."""
    for url in ("https://ash.test/status/1", "https://ash.test.example/status/1"):
        cache.put(url, "list", size=1, ttl_s=60, left_s=None)

    assert cache.get("https://ash.test/status/1") is None
    assert cache.get("https://ash.test.example/status/1") == "list"


def test_the_oldest_make_room(cache: StatusCache[str]) -> None:
    """By number and by size; one that is too big for all is not kept."""
    for number in range(STATUS_LISTS_KEPT_MAX + 1):
        cache.put(f"{URL}/{number}", "list", size=1, ttl_s=60, left_s=None)
    crowded = [cache.get(f"{URL}/{number}") for number in (0, 1, STATUS_LISTS_KEPT_MAX)]
    cache.put("https://elm.test/big", "big", size=STATUS_LISTS_KEPT_BYTES_MAX, ttl_s=60, left_s=9)
    cache.put("https://elm.test/huge", "huge", size=1 << 30, ttl_s=60, left_s=None)

    assert crowded == [None, "list", "list"]
    assert cache.get(f"{URL}/{STATUS_LISTS_KEPT_MAX}") is None
    assert cache.get("https://elm.test/big") == "big"
    assert cache.get("https://elm.test/huge") is None


async def check(checks: CredentialChecks, credential: Any) -> None:
    if isinstance(credential, dict):
        await checks.check_credential(credential)
    else:
        await checks.check_sd_jwt(credential, key_binding=None)


@pytest.mark.parametrize("form", [CredentialFormat.DATA_INTEGRITY, CredentialFormat.SD_JWT_VC])
async def test_a_node_learns_of_a_revocation_when_the_list_is_over(
    pair: Pair, hands: Hands, form: CredentialFormat
) -> None:
    """And refuses when it cannot have the list anew, whatever it said before."""
    ash, birch = pair
    office = make_office(ash)
    issued = issue(office, form)
    checks = dataclasses.replace(
        birch.context.checks,
        bit_lists=StatusCache(steady_s=hands.steady_s, own_origin="https://birch.test"),
        token_lists=StatusCache(steady_s=hands.steady_s, own_origin="https://birch.test"),
    )
    await check(checks, issued.credential)
    state = CredentialState.SUSPENDED
    office.store.set_state(issued.record.id, state, now_ms=office.clock.now_ms())
    await check(checks, issued.credential)

    hands.now_s = 901
    with pytest.raises(CredentialError, match="suspended"):
        await check(checks, issued.credential)
    office.store.set_state(issued.record.id, CredentialState.ACTIVE, now_ms=office.clock.now_ms())
    hands.now_s = 1_802
    await check(checks, issued.credential)
    hands.now_s = 2_703
    cut_off = dataclasses.replace(checks, client=Unreachable())
    with pytest.raises((UnavailableError, RefusedError)):
        await check(cut_off, issued.credential)


class Unreachable:
    """A network that is down."""

    async def fetch(self, url: str, **_: Any) -> Any:
        raise UnavailableError(f"{url} does not answer")
