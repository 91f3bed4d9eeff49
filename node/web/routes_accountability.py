"""Pages and API of duties, complaints, petitions, motions of bodies and disputes.

Only what is public: states, deadlines and hashes, never a text, and nobody who complains.
"""

from aiohttp import web

from config.errors import RefusedError, UnavailableError
from config.limits import PAGE_ITEMS_MAX
from did.jcs import JsonObject
from governance.logs import Log, LogName
from node.web.accountability_reader import find_record, read_duties, read_records
from node.web.clock import describe_time
from node.web.context import WebContext
from node.web.middlewares import answer_json, answer_refusal
from node.web.page_files import answer_missing, answer_page
from node.web.requests import get_context, read_hash, read_number, read_query
from node.web.routes_governance import BODY_NAMES

routes = web.RouteTableDef()

_LISTS = {
    "complaints": LogName.COMPLAINTS,
    "petitions": LogName.PETITIONS,
    "body-motions": LogName.BODY_MOTIONS,
}
"""A cooperative's lists, by their names in addresses."""
_LIST_AT = 4
"""Part of a path that names the list."""
_DISPUTES = Log(LogName.DISPUTES)
DUTY_NAMES = {
    "report": "Report of what it did",
    "assembly": "Assembly of members",
    "impact_report": "Report of what members’ data brought",
    "notice": "Notice to all members",
    "external_audit": "Audit from outside",
    "governance_audit": "Audit of roll and decisions",
    "algorithm_audit": "Audit of what programs do with data",
}
_DUTY_STATES = {
    "paused": "nobody sits who owes it",
    "due": "is due",
    "late": "is late; grace still runs",
    "missed": "was missed",
}
_STEPS = {
    "ombudsperson": "with the ombudsperson",
    "mediation": "with the mediators",
    "ethics_panel": "with the ethics panel",
    "assembly": "members decide",
    "arbitration": "with an arbitrator from outside",
    "closed": "closed",
}
_VERDICTS = {
    "none": "",
    "settled": "answered",
    "upheld": "members agree with it",
    "rejected": "members do not agree with it",
    "awarded": "an arbitrator has decided",
    "withdrawn": "taken back",
}
_ABOUT = {
    "officer": "An officer",
    "body": "A body",
    "data_use": "A use of data",
    "other": "Something else",
}


@routes.get("/duties")
async def get_duties_page(request: web.Request) -> web.Response:
    """What this cooperative's bodies owe its members, and until when."""
    context = get_context(request)
    try:
        duties = await _read_duties(context, context.registry.own.id)
    except (RefusedError, UnavailableError):
        return _answer_silent(context)
    return answer_page(context, "duties.html", duties=[_describe_duty(item) for item in duties])


@routes.get("/complaints")
async def get_complaints_page(request: web.Request) -> web.Response:
    """Who hears this cooperative's complaints now, and what came of them."""
    context = get_context(request)
    log = Log(LogName.COMPLAINTS, namespace=context.registry.own.id)
    try:
        found, following = await read_records(context.engine, log, limit=PAGE_ITEMS_MAX)
    except (RefusedError, UnavailableError):
        return _answer_silent(context)
    complaints = [_describe_complaint(item) for item in found]
    return answer_page(
        context, "complaints.html", complaints=complaints, are_more=following is not None
    )


@routes.get("/api/cooperatives/{id}/duties")
async def get_duties(request: web.Request) -> web.Response:
    """What a cooperative's bodies owe, until when, and what is overdue."""
    context = get_context(request)
    cooperative = context.registry.find(read_hash(request, "id"))
    if cooperative is None:
        return answer_refusal("there is no such cooperative in this federation", status=404)
    return answer_json({"duties": await _read_duties(context, cooperative.id)})


@routes.get("/api/cooperatives/{id}/complaints")
@routes.get("/api/cooperatives/{id}/petitions")
@routes.get("/api/cooperatives/{id}/body-motions")
async def list_of_cooperative(request: web.Request) -> web.Response:
    """A cooperative's complaints, petitions or motions of bodies, newest first."""
    return await _answer_list(request, _find_log(request), name=_read_list_name(request))


@routes.get("/api/cooperatives/{id}/complaints/{record}")
@routes.get("/api/cooperatives/{id}/petitions/{record}")
@routes.get("/api/cooperatives/{id}/body-motions/{record}")
async def get_of_cooperative(request: web.Request) -> web.Response:
    """One complaint, petition or motion of a body."""
    return await _answer_record(request, _find_log(request), read_hash(request, "record"))


@routes.get("/api/disputes")
async def list_disputes(request: web.Request) -> web.Response:
    """Disputes between cooperatives, newest first."""
    return await _answer_list(request, _DISPUTES, name="disputes")


@routes.get("/api/disputes/{id}")
async def get_dispute(request: web.Request) -> web.Response:
    """One dispute between cooperatives."""
    return await _answer_record(request, _DISPUTES, read_hash(request, "id"))


async def _answer_list(request: web.Request, log: Log | None, *, name: str) -> web.Response:
    if log is None:
        return answer_refusal("there is no such cooperative in this federation", status=404)
    query = read_query(request, "before", "limit")
    before = read_number(query["before"], name="before") if "before" in query else None
    limit = read_number(query.get("limit", str(PAGE_ITEMS_MAX)), name="limit")
    if not 1 <= limit <= PAGE_ITEMS_MAX:
        raise RefusedError(f"limit is 1 to {PAGE_ITEMS_MAX}")
    context = get_context(request)
    found, following = await read_records(context.engine, log, limit=limit, before=before)
    path = f"{request.path}?before={following}&limit={limit}" if following else None
    return answer_json({name: found, "next": path})


async def _answer_record(request: web.Request, log: Log | None, record: bytes) -> web.Response:
    found = None if log is None else await find_record(get_context(request).engine, log, record)
    if found is None:
        return answer_refusal("the ledger holds nothing under this id", status=404)
    return answer_json(found)


def _find_log(request: web.Request) -> Log | None:
    """The list that is asked for; None of a cooperative that nobody knows."""
    cooperative = get_context(request).registry.find(read_hash(request, "id"))
    if cooperative is None:
        return None
    return Log(_LISTS[_read_list_name(request)], namespace=cooperative.id)


def _read_list_name(request: web.Request) -> str:
    return request.path.split("/")[_LIST_AT]


async def _read_duties(context: WebContext, cooperative: bytes) -> list[JsonObject]:
    time_ms = context.projection.time_ms
    return await read_duties(context.engine, cooperative, time_ms=time_ms)


def _describe_duty(duty: JsonObject) -> JsonObject:
    state = _DUTY_STATES[duty["state"]]
    if duty["misses"] > 1:
        state += f", {duty['misses']} times in a row"
    return {
        "name": DUTY_NAMES[duty["duty"]],
        "body": BODY_NAMES[duty["body"]],
        "state": state,
        "is_missed": duty["state"] == "missed",
        "due": _describe_date(duty["due_ms"]),
        "grace_ends": _describe_date(duty["grace_ends_ms"]),
        "fulfilled": _describe_date(duty["fulfilled_ms"]),
        "text_hash": duty["text_hash"],
    }


def _describe_complaint(complaint: JsonObject) -> JsonObject:
    return {
        "id": complaint["id"],
        "about": _ABOUT[complaint["about"]],
        "is_serious": complaint["is_serious"],
        "step": _STEPS[complaint["step"]],
        "verdict": _VERDICTS[complaint["verdict"]],
        "opened": _describe_date(complaint["opened_ms"]),
        "ends": _describe_date(complaint["ends_ms"]),
        "text_hash": complaint["text_hash"],
        "answer_hash": complaint["answer_hash"],
    }


def _describe_date(time_ms: int | None) -> str:
    return describe_time(time_ms) if time_ms else ""


def _answer_silent(context: WebContext) -> web.Response:
    return answer_missing(context, "This node's own ledger does not answer: try again.", status=503)
