// Checks proofs of membership with the published npm library, as it is.
//
// Each line of its input is a case as JSON, all bytes in hexadecimal; each line of its output
// says true or false. The library's specification of sparse trees takes keys that are hashed
// already, where Go's and Rust's hash them: so the key is handed over by its hash. The root is
// the same.
"use strict";

const { createHash } = require("node:crypto");
const { createInterface } = require("node:readline");
const { ics23, tendermintSpec, verifyMembership } = require("@confio/ics23");
const { smtSpec } = require("@confio/ics23/build/proofs");

function decode(text) {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function sha256(bytes) {
  return Uint8Array.from(createHash("sha256").update(bytes).digest());
}

function verify(given) {
  try {
    const proof = ics23.CommitmentProof.decode(decode(given.proof));
    let key = decode(given.key);
    let spec = tendermintSpec;
    if (given.spec === "smt") {
      proof.exist.key = sha256(proof.exist.key);
      proof.exist.leaf.prehashKey = ics23.HashOp.NO_HASH;
      key = sha256(key);
      spec = smtSpec;
    }
    return verifyMembership(proof, spec, decode(given.root), key, decode(given.value));
  } catch {
    return false;
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(`${verify(JSON.parse(line))}\n`);
});
