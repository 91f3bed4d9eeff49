"""Collections: followers, following and the outbox, whole and in pages.

The outbox is also how a partner catches up: `outbox?after=N` holds the activities that
follow number N in our log. Within a page they run from new to old, as ActivityPub demands
of every reader's sake (§5.1), so a foreign reader is not misled; ours sorts them. Fetches
and stores nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from activitypub.actors import get_actor_url
from activitypub.contexts import ACTIVITYSTREAMS_CONTEXT, check_contexts
from activitypub.vocabulary import check_shape, parse_activity_number
from config.errors import RefusedError
from config.limits import FETCH_BYTES_MAX, PAGE_ITEMS_MAX
from did.jcs import JsonObject, parse_json_object


class CollectionError(RefusedError):
    """A page is malformed or speaks for another actor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage:
    """What a partner published after some number."""

    total: int
    """The highest number in the partner's log."""
    activities: tuple[tuple[int, JsonObject], ...]
    """Number and activity, from old to new; none has been authenticated."""


def render_collection(*, url: str, total: int, first: str | None = None) -> JsonObject:
    """Write a collection that says how much it holds and where its first page is."""
    collection: JsonObject = {
        "@context": ACTIVITYSTREAMS_CONTEXT,
        "id": url,
        "type": "OrderedCollection",
        "totalItems": total,
    }
    return {**collection, "first": first} if first is not None else collection


def render_collection_page(
    *,
    url: str,
    page_url: str,
    total: int,
    items: Sequence[object],
    next_url: str | None = None,
    prev_url: str | None = None,
) -> JsonObject:
    """Write one page.

    Args:
        url: The collection's.
        page_url: The page's own.
        total: Items in the whole collection.
        items: At most `PAGE_ITEMS_MAX`, from new to old.
        next_url: The page of older items, where there is one.
        prev_url: The page of newer items, where there is one.
    """
    page: JsonObject = {
        "@context": ACTIVITYSTREAMS_CONTEXT,
        "id": page_url,
        "type": "OrderedCollectionPage",
        "partOf": url,
        "totalItems": total,
        "orderedItems": list(items),
    }
    links = {"next": next_url, "prev": prev_url}
    return {**page, **{name: link for name, link in links.items() if link is not None}}


def get_outbox_page_url(origin: str, *, after: int) -> str:
    """Name the page of the outbox that follows a number."""
    return f"{origin}/outbox?after={after}"


def render_outbox(*, origin: str, total: int) -> JsonObject:
    """Write the outbox; its first page holds the newest activities."""
    first = get_outbox_page_url(origin, after=max(0, total - PAGE_ITEMS_MAX))
    return render_collection(url=f"{origin}/outbox", total=total, first=first)


def render_outbox_page(
    *, origin: str, after: int, total: int, activities: Sequence[JsonObject]
) -> JsonObject:
    """Write the outbox's page after a number.

    Args:
        origin: Ours.
        after: The number that the reader has already.
        total: The highest number in our log.
        activities: Numbers `after + 1` and on, from old to new, at most `PAGE_ITEMS_MAX`.
    """
    older = get_outbox_page_url(origin, after=max(0, after - PAGE_ITEMS_MAX))
    newer = get_outbox_page_url(origin, after=after + PAGE_ITEMS_MAX)
    return render_collection_page(
        url=f"{origin}/outbox",
        page_url=get_outbox_page_url(origin, after=after),
        total=total,
        items=list(reversed(activities)),
        next_url=older if after > 0 else None,
        prev_url=newer if after + PAGE_ITEMS_MAX < total else None,
    )


def parse_outbox_page(data: bytes, *, origin: str, after: int) -> OutboxPage:
    """Read a partner's page, as `render_outbox_page` wrote it.

    Every activity still has to be authenticated by its own proof.

    Raises:
        RefusedError: Malformed, another page than was asked for, activities of another actor,
            a number twice or out of range.
    """
    document = parse_json_object(data, bytes_max=FETCH_BYTES_MAX)
    items, total = document.get("orderedItems"), document.get("totalItems")
    if (
        document.get("type") != "OrderedCollectionPage"
        or document.get("id") != get_outbox_page_url(origin, after=after)
        or not isinstance(items, list)
        or len(items) > PAGE_ITEMS_MAX
        or not isinstance(total, int)
    ):
        raise CollectionError("not the page of the outbox that was asked for")
    activities: dict[int, JsonObject] = {}
    for item in items:
        if not isinstance(item, dict):
            raise CollectionError("an outbox holds whole activities")
        check_contexts(item)
        check_shape(item)
        number = parse_activity_number(item["id"], origin=origin)
        if number in activities or not after < number <= total:
            raise CollectionError("an activity is listed twice or out of range")
        if item["actor"] != get_actor_url(origin):
            raise CollectionError("the outbox holds another actor's activity")
        activities[number] = item
    return OutboxPage(total=total, activities=tuple(sorted(activities.items())))
