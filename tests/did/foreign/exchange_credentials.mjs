// @digitalbazaar/vc: checks credentials and presentations, and signs some of its own, VCDM 2.0.
import { readFileSync } from "node:fs";
import * as vc from "@digitalbazaar/vc";
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import * as jcs from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import { cryptosuite as rdfc } from "@digitalbazaar/eddsa-rdfc-2022-cryptosuite";
import { securityLoader } from "@digitalbazaar/security-document-loader";
import { checkStatus as readStatus, decodeList } from "@digitalbazaar/vc-bitstring-status-list";

const input = JSON.parse(readFileSync(0, "utf8"));
const now = new Date(input.now);
const fallback = securityLoader().build();
const documentLoader = async (url) => {
  const document = input.documents[url];
  return document ? { contextUrl: null, documentUrl: url, document } : fallback(url);
};
const verifiers = [
  new DataIntegrityProof({ cryptosuite: jcs.createVerifyCryptosuite() }),
  new DataIntegrityProof({ cryptosuite: rdfc }),
];
// The library says what the bit is; what a set bit means is for its caller.
const checkStatus = async (options) => {
  const result = await readStatus(options);
  const isSet = (result.results ?? []).some(({ status }) => status);
  return { ...result, verified: result.verified && !isSet };
};
const explain = (result) =>
  result.verified ||
  [result.error, ...(result.error?.errors ?? []), ...(result.credentialResults ?? [])]
    .map((error) => String(error?.message ?? JSON.stringify(error)))
    .join("; ");

const credentials = [];
for (const credential of input.credentials) {
  const result = await vc.verifyCredential({
    credential, suite: verifiers, documentLoader, now, checkStatus,
  });
  credentials.push(explain(result));
}
const presentations = [];
for (const { presentation, challenge, domain } of input.presentations) {
  const result = await vc.verify({
    presentation, challenge, domain, suite: verifiers, documentLoader, now, checkStatus,
  });
  presentations.push(explain(result));
}
const signed = {};
const key = await Ed25519Multikey.from(input.key);
for (const [name, cryptosuite] of [["jcs", jcs.createSignCryptosuite()], ["rdfc", rdfc]]) {
  const suite = new DataIntegrityProof({ signer: key.signer(), cryptosuite, date: now });
  const credential = await vc.issue({
    credential: structuredClone(input.unsigned), suite, documentLoader, now,
  });
  const presentation = await vc.signPresentation({
    presentation: vc.createPresentation({
      verifiableCredential: credential, holder: input.key.controller, version: 2, now,
    }),
    suite: new DataIntegrityProof({ signer: key.signer(), cryptosuite, date: now }),
    challenge: input.challenge, domain: input.domain, documentLoader, now,
  });
  signed[name] = { credential, presentation };
}
const bits = [];
for (const { encodedList, indexes } of input.lists) {
  const list = await decodeList({ encodedList });
  bits.push({ length: list.length, set: indexes.map((index) => list.getStatus(index)) });
}
console.log(JSON.stringify({ credentials, presentations, signed, bits }));
