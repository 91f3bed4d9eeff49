// Verifies the log of a did:webvh with didwebvh-ts; what it says of the last entry, or why not.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolveDIDFromLog } from "didwebvh-ts";

const SPKI = Buffer.from("302a300506032b6570032100", "hex"); // Ed25519 (RFC 8410)
const verifier = {
  verify: async (signature, message, publicKey) => {
    const der = Buffer.concat([SPKI, Buffer.from(publicKey)]);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(null, Buffer.from(message), key, Buffer.from(signature));
  },
};
const log = JSON.parse(readFileSync(0, "utf8"));
try {
  const { did, doc, meta } = await resolveDIDFromLog(log, { verifier });
  console.log(JSON.stringify({ did, doc, version: meta.versionId, error: meta.error ?? null }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}
