// Asks the pages' verifier the questions of its standard input, one JSON object a line.
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

globalThis.crypto ??= webcrypto; // as every browser has it; Node.js before version 20 has not
const verifier = await import("../../../node/web/templates/verifier.mjs");
const { Refused, checkReceipt, isSignatureValid, readTrust } = verifier;

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

async function answer({ trust, receipt, nowMs, acceptsOldTrust, key, signed, signature }) {
  if (key !== undefined) return isSignatureValid(bytes(key), bytes(signed), bytes(signature));
  const believed = await readTrust(bytes(trust));
  return checkReceipt(bytes(receipt), believed, { nowMs, acceptsOldTrust });
}

for await (const line of createInterface({ input: process.stdin })) {
  const said = await answer(JSON.parse(line)).then(
    (holds) => ({ holds }),
    (error) => {
      if (!(error instanceof Refused)) throw error;
      return { refused: error.message, kind: error.constructor.name };
    },
  );
  console.log(JSON.stringify(said));
}
