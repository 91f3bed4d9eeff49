// The membership credential of the wallet's owner: taken from the node (OpenID4VCI 1.0), bound to a
// key of its own that nothing can read, kept beside the wallet's, and shown to the cooperative that
// issued it and to nobody else (OpenID4VP 1.0; did/credentials/sd_jwt_vc.py).

import { isObject, need, parseJson, readBase64, utf8 } from "./encoding.mjs";
import { withAccess } from "./wallet-access.mjs";
import { canonicalize, encodeBase64url, sha256 } from "./wallet-messages.mjs";
import { readAnswer } from "./wallet-node.mjs";

const CONFIGURATION = "membership_sd_jwt";
const GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
const CLIENT_PREFIX = "decentralized_identifier:";
const BYTES_MAX = 65536;

/** A fresh credential, with the key that shows it. */
export async function receiveCredential(wallet) {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const key = pair.privateKey;
  const credential = await withAccess(wallet, ["credentials"], async (call, redeem) => {
    const { credential_offer_uri: uri, tx_code: digits } = await call("POST", "/api/credential-offers");
    const offer = await ask("GET", new URL(uri).pathname);
    const { "pre-authorized_code": code } = offer.grants[GRANT];
    const issue = await redeem({ grant_type: GRANT, "pre-authorized_code": code, tx_code: digits });
    const { c_nonce: nonce } = await ask("POST", "/openid4vci/nonce");
    const claims = { aud: offer.credential_issuer, iat: nowS(), nonce };
    const header = { typ: "openid4vci-proof+jwt", jwk: { crv, kty, x } };
    const asked = {
      credential_configuration_id: CONFIGURATION,
      proofs: { jwt: [await signCompact(key, header, claims)] },
    };
    const issued = await issue("POST", "/openid4vci/credential", JSON.stringify(asked));
    return issued.credentials[0].credential;
  });
  need(readCredential(credential).cnf.jwk.x === x, "the node’s credential is for another key");
  return { credential, key };
}

/** What the credential of this browser says, in words; there may be none. */
export function describeCredential(membership) {
  if (!membership) return "None is in this browser yet.";
  const { memberOf, iat, exp } = readCredential(membership.credential);
  const [since, until] = [iat, exp].map((at) => new Date(at * 1000).toISOString().slice(0, 10));
  return (
    `It says that its holder is a member of ${memberOf}, and nothing else. Issued on ${since}; it` +
    ` holds until ${until}, or until you leave.`
  );
}

/** Its claims; its issuer's signature is for those to check who are shown it. */
function readCredential(credential) {
  const isPlain = typeof credential === "string" && /^[\w-]+\.[\w-]+\.[\w-]+~$/.test(credential);
  need(isPlain, "the node’s answer is no credential that this wallet knows");
  const claims = readClaims(credential);
  const isKnown = isObject(claims.cnf?.jwk) && typeof claims.iss === "string";
  need(isKnown && claims.memberOf === claims.iss, "this is no membership credential");
  return claims;
}

/** Show the credential to the node's login at `path`; where its browser goes on. */
export async function presentCredential(path, { credential, key }) {
  const { iss } = readCredential(credential);
  const answer = await fetch(path, { credentials: "omit", redirect: "error" });
  if (!answer.ok) await readAnswer(answer);
  const asked = readClaims(await answer.text());
  need(asked.client_id === CLIENT_PREFIX + iss, "somebody else than your cooperative asks for it");
  need(new URL(asked.response_uri).pathname === path, "the answer would go elsewhere");
  const hash = encodeBase64url(await sha256(utf8(credential)));
  const claims = { aud: asked.client_id, iat: nowS(), nonce: asked.nonce, sd_hash: hash };
  const shown = credential + (await signCompact(key, { typ: "kb+jwt" }, claims));
  const vpToken = JSON.stringify({ [CONFIGURATION]: [shown] });
  return ask("POST", path, new URLSearchParams({ state: asked.state, vp_token: vpToken }));
}

async function ask(method, path, body) {
  return readAnswer(await fetch(path, { method, body, credentials: "omit", redirect: "error" }));
}

async function signCompact(key, header, claims) {
  const parts = [{ alg: "Ed25519", ...header }, claims].map(canonicalize);
  const input = parts.map((part) => encodeBase64url(utf8(part))).join(".");
  const signature = await crypto.subtle.sign("Ed25519", key, utf8(input));
  return `${input}.${encodeBase64url(new Uint8Array(signature))}`;
}

function readClaims(compact) {
  need(compact.length <= BYTES_MAX, "the node’s answer is too long");
  const spelled = (compact.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return parseJson(readBase64(spelled.padEnd(Math.ceil(spelled.length / 4) * 4, "=")));
}

function nowS() {
  return Math.floor(Date.now() / 1000);
}
