"""Versions of accounts' DID documents: what one said is kept when another begins.

Apart from the rules that begin one, which are of rotations, recoveries, ends and new names.
"""

from governance.context import BlockContext
from governance.key_records import KeyState
from governance.key_view import KeyView
from governance.records import Account


def keep_keys(view: KeyView, account_id: bytes, account: Account, *, block: BlockContext) -> None:
    """Keep what an account's document says until this block: a version of it is over."""
    view.put_key_state(
        account.cooperative,
        account_id,
        KeyState(
            version=account.keys_version,
            keys=tuple(key.public_key for key in account.keys),
            signatures_required=account.signatures_required,
            since_ms=account.keys_since_ms,
            until_ms=block.time_ms,
            created_ms=account.created_ms,
            also_known_as=account.also_known_as,
        ),
    )
