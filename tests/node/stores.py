"""A stopped node's store, made of a world of the rules' tests."""

from pathlib import Path

from ledger.disk import CommitRecord
from ledger.store import Store, create_store
from tests.governance.world import CHAIN_ID, World


def keep(world: World, path: Path) -> Path:
    """A node's stopped store with a world's state."""
    create_store(path)
    store = Store.open(path)
    staged = store.stage(world.dump())
    store.commit(
        staged,
        CommitRecord(
            chain_id=CHAIN_ID,
            height=world.height,
            time_ms=world.time_ms,
            app_hash=bytes(32),
            state_root=staged.root,
            since_height=world.height,
        ),
    )
    store.close()
    return path
