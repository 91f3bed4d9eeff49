"""Wallet files."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.errors import MisconfiguredError
from did.accounts import compute_key_commitment, render_account_did
from did.keys import KeyPair, did_key
from did.wallets import (
    STRENGTH_TEST,
    Home,
    Wallet,
    WalletError,
    bind_wallet,
    create_cold_keys,
    create_wallet,
    decrypt_wallet,
    encrypt_wallet,
    load_cold_keys,
    load_wallet,
    rotate_wallet,
    save_cold_keys,
    save_wallet,
)

PASSPHRASE = "correct horse battery"
SEED_0 = "86e22888d7d073b80240df047df980fe5b47d2f0b2ad504edce43e195fce3907"
SEED_1 = "eae5f5bf4a54092d1a73f359f29b05cdb7b76df7589dc81dae77c4fd0df4092b"
HOME = Home(network="test-heart", cooperative_id=b"\x01" * 32, origin="https://a.example")


def make_random() -> Callable[[int], bytes]:
    """Bytes that differ from call to call and not from run to run."""
    calls = iter(range(1_000))

    def random(count: int) -> bytes:
        return hashlib.shake_256(str(next(calls)).encode()).digest(count)

    return random


def make() -> Wallet:
    """A wallet bound to a cooperative."""
    return bind_wallet(create_wallet(random=make_random()), HOME)


def seal(wallet: Wallet) -> bytes:
    """Its file's bytes, cheaply."""
    return encrypt_wallet(wallet, PASSPHRASE, random=make_random(), strength=STRENGTH_TEST)


def test_a_wallet_knows_its_names() -> None:
    """All of them follow from the keys."""
    wallet = make()

    assert wallet.login_did == did_key(KeyPair(wallet.device_seed).public_key)
    assert wallet.inception.public_key == wallet.device_key.public_key
    assert wallet.inception.next_key_commitment == wallet.next_key_commitment
    assert wallet.account_did == render_account_did(
        network="test-heart", account_id=wallet.account_id
    )
    assert wallet.device_seed.hex() not in repr(wallet)


def test_a_wallet_serves_one_cooperative() -> None:
    """The same keys in two would link a person's memberships."""
    wallet = make()

    moved = bind_wallet(
        wallet, Home(network="n", cooperative_id=b"\x01" * 32, origin="https://b.x")
    )
    assert moved.get_home().origin == "https://b.x"
    with pytest.raises(MisconfiguredError):
        bind_wallet(wallet, Home(network="n", cooperative_id=b"\x02" * 32, origin="https://b.x"))
    with pytest.raises(MisconfiguredError):
        create_wallet(random=make_random()).account_did  # noqa: B018


@pytest.mark.parametrize("wallet", [make(), create_wallet(random=make_random())])
def test_a_saved_wallet_is_loaded(tmp_path: Path, wallet: Wallet) -> None:
    """Bound or not yet."""
    path = tmp_path / "wallet.json"

    save_wallet(path, wallet, PASSPHRASE, random=make_random(), strength=STRENGTH_TEST)

    assert load_wallet(path, PASSPHRASE) == wallet
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["wallet.json"]
    assert wallet.device_seed.hex().encode() not in path.read_bytes()


def test_a_wallet_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    """Its keys would be lost."""
    path = tmp_path / "wallet.json"
    random = make_random()
    save_wallet(path, make(), PASSPHRASE, random=random, strength=STRENGTH_TEST)
    second = create_wallet(random=random)

    with pytest.raises(MisconfiguredError, match="exists"):
        save_wallet(path, second, PASSPHRASE, random=random, strength=STRENGTH_TEST)
    save_wallet(path, second, PASSPHRASE, random=random, strength=STRENGTH_TEST, may_replace=True)

    assert load_wallet(path, PASSPHRASE) == second


def test_refuses_a_file_that_others_can_read(tmp_path: Path) -> None:
    """The message says how to mend it."""
    path = tmp_path / "wallet.json"
    save_wallet(path, make(), PASSPHRASE, random=make_random(), strength=STRENGTH_TEST)
    path.chmod(0o640)

    with pytest.raises(MisconfiguredError, match="chmod 600"):
        load_wallet(path, PASSPHRASE)


def test_missing_places_are_the_owners_to_mend(tmp_path: Path) -> None:
    """No file, no directory."""
    with pytest.raises(MisconfiguredError, match="cannot be read"):
        load_wallet(tmp_path / "none.json", PASSPHRASE)
    with pytest.raises(MisconfiguredError, match="cannot be written"):
        save_wallet(
            tmp_path / "none" / "wallet.json",
            make(),
            PASSPHRASE,
            random=make_random(),
            strength=STRENGTH_TEST,
        )


def test_a_wrong_passphrase_is_said_to_be_wrong() -> None:
    """And told from a damaged file."""
    with pytest.raises(WalletError, match="passphrase is wrong"):
        decrypt_wallet(seal(make()), PASSPHRASE + "!")
    with pytest.raises(WalletError, match="at least"):
        encrypt_wallet(make(), "short", random=make_random(), strength=STRENGTH_TEST)


def test_refuses_an_altered_file() -> None:
    """The seal covers the header too."""
    header = json.loads(seal(make()))
    sealed = bytearray(base64.b64decode(header["sealed"]))
    sealed[0] ^= 1

    for change in (
        {"sealed": base64.b64encode(sealed).decode()},
        {"nonce": "00" * 24},
        {"note": "added"},
    ):
        with pytest.raises(WalletError, match="altered or damaged"):
            decrypt_wallet(json.dumps({**header, **change}).encode(), PASSPHRASE)


@pytest.mark.parametrize(
    "change",
    [
        {"rochdale_wallet": 2},
        {"kdf": "scrypt"},
        {"cipher": "aes"},
        {"operations": 10**6},
        {"memory_bytes": 2**40},
        {"memory_bytes": 1},
        {"operations": "1"},
        {"salt": "00"},
        {"salt": "zz"},
        {"check": ""},
        {"nonce": 1},
        {"sealed": ""},
        {"sealed": "*"},
    ],
)
def test_refuses_a_damaged_header_before_any_work(change: dict[str, Any]) -> None:
    """A file cannot make its reader take terabytes."""
    header = json.loads(seal(make()))

    with pytest.raises(WalletError):
        decrypt_wallet(json.dumps({**header, **change}).encode(), PASSPHRASE)


@pytest.mark.parametrize("data", [b"", b"not json", b"[]", b"{}", b"{" * 20_000])
def test_refuses_what_is_no_wallet(data: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(WalletError):
        decrypt_wallet(data, PASSPHRASE)


def test_a_failed_save_leaves_nothing_behind(tmp_path: Path) -> None:
    """The old file stays whole, and no partial one lies about."""
    path = tmp_path / "wallet.json"
    path.mkdir()

    with pytest.raises(MisconfiguredError, match="cannot be written"):
        save_wallet(
            path,
            make(),
            PASSPHRASE,
            random=make_random(),
            strength=STRENGTH_TEST,
            may_replace=True,
        )

    assert list(tmp_path.iterdir()) == [path]


def test_refuses_a_wallet_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealed all right, with contents that this version does not know."""
    monkeypatch.setattr("did.wallets._to_value", lambda wallet: [wallet.device_seed])

    with pytest.raises(WalletError, match="another version"):
        decrypt_wallet(seal(make()), PASSPHRASE)


def test_a_wallet_rotates_only_with_its_own_cold_keys() -> None:
    """The next key is the one committed to, and the account stays; the wallet alone has it not."""
    cold = create_cold_keys(random=make_random())
    wallet = bind_wallet(cold.make_wallet(), HOME)

    rotated = rotate_wallet(wallet, cold)
    again = rotate_wallet(rotated, cold)

    assert compute_key_commitment(rotated.device_key.public_key) == wallet.next_key_commitment
    assert compute_key_commitment(again.device_key.public_key) == rotated.next_key_commitment
    assert len({item.login_did for item in (wallet, rotated, again)}) == 3
    assert rotated.account_id == again.account_id == wallet.account_id
    assert decrypt_wallet(seal(again), PASSPHRASE) == again
    with pytest.raises(WalletError, match="another wallet's"):
        rotate_wallet(wallet, create_cold_keys(random=bytes))


def test_keys_derive_as_they_always_did() -> None:
    """Backups outlive versions: RFC 5869 with a label and the generation, pinned here."""
    cold = create_cold_keys(random=lambda count: bytes(range(count)))

    assert cold.derive_key(0).seed.hex() == SEED_0
    assert cold.derive_key(1).seed.hex() == SEED_1
    with pytest.raises(WalletError):
        cold.derive_key(-1)
    with pytest.raises(WalletError):
        create_cold_keys(random=lambda _: b"short")
    assert cold.master.hex() not in repr(cold)


def test_the_cold_file_is_apart_from_the_wallet(tmp_path: Path) -> None:
    """Neither is taken for the other, and neither is overwritten."""
    random, cold = make_random(), create_cold_keys(random=make_random())
    wallet, cold_path = tmp_path / "w", tmp_path / "w.cold"
    save_wallet(wallet, cold.make_wallet(), PASSPHRASE, random=random, strength=STRENGTH_TEST)
    save_cold_keys(cold_path, cold, PASSPHRASE, random=random, strength=STRENGTH_TEST)

    assert load_cold_keys(cold_path, PASSPHRASE) == cold
    assert cold_path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WalletError, match="cold file, not the wallet"):
        load_wallet(cold_path, PASSPHRASE)
    with pytest.raises(WalletError, match="not its cold file"):
        load_cold_keys(wallet, PASSPHRASE)
    with pytest.raises(MisconfiguredError, match="exists"):
        save_cold_keys(cold_path, cold, PASSPHRASE, random=random, strength=STRENGTH_TEST)
