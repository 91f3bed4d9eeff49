"""How many credentials didkit checks in a second: `python -m testnet.bench.didkit_peer SECONDS`.

A process of its own that ends without Python's clean-up: didkit crashes now and then in it.
"""

import asyncio
import json
import os
import sys
import time

import didkit


async def measure(seconds: float) -> float:
    """Credentials of VC 1.1 with Ed25519Signature2020, one after the other."""
    jwk = didkit.generate_ed25519_key()
    did = didkit.key_to_did("key", jwk)
    method = await didkit.key_to_verification_method("key", jwk)
    unsigned = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuer": did,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": did},
    }
    options = {"proofPurpose": "assertionMethod", "verificationMethod": method}
    options["type"] = "Ed25519Signature2020"
    credential = await didkit.issue_credential(json.dumps(unsigned), json.dumps(options), jwk)
    checks = json.dumps({"proofPurpose": "assertionMethod"})
    count, began_s = 0, time.perf_counter()
    while time.perf_counter() - began_s < seconds:
        result = json.loads(await didkit.verify_credential(credential, checks))
        if result["errors"]:
            raise RuntimeError(f"didkit refuses its own credential: {result['errors']}")
        count += 1
    return count / (time.perf_counter() - began_s)


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(measure(float(sys.argv[1])))}\n")
    sys.stdout.flush()
    os._exit(0)
