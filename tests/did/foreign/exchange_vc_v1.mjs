// did-jwt-vc: checks the JWTs that it is given, and signs one of its own, data model 1.1.
import { readFileSync } from "node:fs";
import { EdDSASigner } from "did-jwt";
import {
  createVerifiableCredentialJwt,
  createVerifiablePresentationJwt,
  verifyCredential,
} from "did-jwt-vc";
import { Resolver } from "did-resolver";
import { getResolver } from "key-did-resolver";

const input = JSON.parse(readFileSync(0, "utf8"));
const resolver = new Resolver(getResolver());
const checked = [];
for (const jwt of input.jwts) {
  try {
    const result = await verifyCredential(jwt, resolver);
    checked.push({ issuer: result.issuer, subject: result.verifiableCredential.credentialSubject });
  } catch (error) {
    checked.push({ refused: String(error.message).slice(0, 80) });
  }
}
const issuer = {
  did: input.did,
  alg: "EdDSA",
  signer: EdDSASigner(Uint8Array.from(Buffer.from(input.seed, "hex"))),
};
const options = { header: { kid: input.kid } };
const credential = await createVerifiableCredentialJwt(
  {
    sub: input.subject,
    nbf: 1767225600,
    vc: {
      "@context": ["https://www.w3.org/2018/credentials/v1"],
      type: ["VerifiableCredential"],
      credentialSubject: { member: true },
    },
  },
  issuer,
  options,
);
const presentation = await createVerifiablePresentationJwt(
  {
    nbf: input.now,
    vp: {
      "@context": ["https://www.w3.org/2018/credentials/v1"],
      type: ["VerifiablePresentation"],
      verifiableCredential: input.shown,
    },
  },
  issuer,
  { ...options, challenge: input.challenge, domain: input.domain },
);
console.log(JSON.stringify({ checked, credential, presentation }));
