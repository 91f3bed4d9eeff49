"""What a did:webvh's witnesses say: each entry that needs them has enough approvals.

A witness's proof for a version approves all before it. Proofs for versions that the log does
not have, by strangers, or that do not hold count for nothing.

Source: did:webvh 1.0, "DID Witnesses".
"""

from dataclasses import replace

from config.did_limits import WEBVH_ENTRIES_MAX, WEBVH_KEYS_MAX
from config.errors import RefusedError
from config.limits import FETCH_BYTES_MAX
from did.jcs import JsonObject, parse_json
from did.keys import decode_multikey
from did.proofs import check_proof
from did.resolution.webvh import Log, read_proof_key
from did.resolution.webvh_parameters import refuse


def check_witnesses(log: Log, data: bytes, *, now_s: int) -> Log:
    """Check the approvals of a log's entries; the log, as far as it still holds.

    Args:
        log: As `read_log` gives it.
        data: did-witness.json.
        now_s: Unix seconds.

    Raises:
        ResolutionError: invalidDid: the file is malformed, or the first entry lacks approval.
    """
    places = {entry.version_id: place for place, entry in enumerate(log.entries)}
    latest: dict[str, int] = {}
    for version_id, proofs in _read_file(data):
        place = places.get(version_id)
        for proof in proofs if place is not None else ():
            did = _find_signer(version_id, proof, now_s=now_s)
            if place is not None and did is not None:
                latest[did] = max(place, latest.get(did, place))
    for place, entry in enumerate(log.entries):
        if entry.witnesses is None:
            continue
        approvals = sum(latest.get(did, -1) >= place for did in entry.witnesses.dids)
        if approvals < entry.witnesses.threshold:
            failure = refuse("an entry lacks the approval of its witnesses")
            if place == 0:
                raise failure
            return replace(log, entries=log.entries[:place], failure=failure)
    return log


def _read_file(data: bytes) -> list[tuple[str, list[JsonObject]]]:
    try:
        items = parse_json(data, bytes_max=FETCH_BYTES_MAX)
    except RefusedError as error:
        raise refuse(f"its witnesses' file is no JSON: {error.reason}") from error
    if not isinstance(items, list) or len(items) > WEBVH_ENTRIES_MAX:
        raise refuse(f"its witnesses' file is a list of at most {WEBVH_ENTRIES_MAX}")
    read = []
    for item in items:
        version_id = item.get("versionId") if isinstance(item, dict) else None
        proofs = item.get("proof", []) if isinstance(item, dict) else None
        if (
            not isinstance(version_id, str)
            or not isinstance(proofs, list)
            or len(proofs) > WEBVH_KEYS_MAX
        ):
            raise refuse("its witnesses' file has versionId and proof in each item")
        read.append((version_id, [proof for proof in proofs if isinstance(proof, dict)]))
    return read


def _find_signer(version_id: str, proof: JsonObject, *, now_s: int) -> str | None:
    """The witness whose proof holds for a version; None: it does not."""
    try:
        key = read_proof_key(proof)
        check_proof(
            {"versionId": version_id, "proof": proof}, public_key=decode_multikey(key), now_s=now_s
        )
    except RefusedError:
        return None
    return f"did:key:{key}"
