// Proving to the node who is here, and what a wallet asks of it in its owner's name: for one errand
// it logs in as the page's own application, with a key made for that errand alone, and logs out
// (docs/login.md; RFC 9126, 9449, 9207). Tokens are kept nowhere.

import { need, toHex, utf8 } from "./encoding.mjs";
import { canonicalize, encodeBase64url, signLogin } from "./wallet-messages.mjs";
import { fetchLogin, readAnswer, sendLogin } from "./wallet-node.mjs";

const PURPOSES = ["login", "add-passkey"];
const CLIENT = "rochdale-web";

/** Sign a login that `fetchLogin` brought; the path on this origin where its browser goes on. */
export async function answerLogin(asked, wallet) {
  need(PURPOSES.includes(asked.purpose), "this wallet does not know what it would sign for");
  const statement = await signLogin({ ...asked, signer: wallet, nowMs: Date.now() });
  return findNext(await sendLogin(asked.path, statement), wallet);
}

/** Where the node sends a browser after a proof, if that is the node itself. */
export function findNext({ redirect_uri: next }, { home }) {
  const target = new URL(next, location.href);
  const isOurs = [home.origin, location.origin].includes(target.origin);
  need(isOurs, "the node sends you to another site: go no further");
  return target.pathname + target.search;
}

/**
 * Run `act(call, redeem)` with access to `scopes`. `call(method, path, body)` brings a route's
 * answer; `redeem(form)` brings another such function, for the token that a grant gives.
 */
export async function withAccess(wallet, scopes, act) {
  const errand = await begin(wallet);
  const [token, refresh] = await logIn(errand, wallet, scopes);
  try {
    return await act(makeCall(errand, token), async (form) => {
      const body = new URLSearchParams(form);
      return makeCall(errand, (await sendProved(errand, "POST", "/oauth/token", { body })).access_token);
    });
  } finally {
    // If this fails nobody can use the access either: the errand's key is gone with it.
    await sendForm(errand, "/oauth/revoke", { client_id: CLIENT, token: refresh }).catch(() => null);
  }
}

function makeCall(errand, token) {
  return (method, path, body) => sendProved(errand, method, path, { body, token });
}

async function begin(wallet) {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { origin: wallet.home.origin, key: pair.privateKey, jwk: { crv, kty, x }, nonce: "" };
}

async function logIn(errand, wallet, scopes) {
  const [verifier, state] = [makeSecret(), makeSecret()];
  const asked = { client_id: CLIENT, redirect_uri: `${errand.origin}/wallet/callback` };
  const { request_uri: request } = await sendForm(errand, "/oauth/par", {
    ...asked,
    response_type: "code",
    scope: scopes.join(" "),
    state,
    code_challenge: await hash(verifier),
    code_challenge_method: "S256",
    dpop_jkt: await hash(canonicalize(errand.jwk)),
  });
  const query = new URLSearchParams({ client_id: CLIENT, request_uri: request });
  const { login } = await send(errand, "GET", `/oauth/authorize?${query}`, {});
  const next = await answerLogin(await fetchLogin(login, wallet.home), wallet);
  const { form_token: form } = await send(errand, "GET", next, {});
  const decision = { form_token: form, decision: "allow" };
  const decided = await sendForm(errand, "/oauth/decide", decision);
  const answer = new URL(decided.redirect_uri).searchParams;
  const isOurs = answer.get("iss") === errand.origin && answer.get("state") === state;
  need(isOurs, "the answer to the login is another node’s");
  const code = { ...asked, code: answer.get("code"), code_verifier: verifier };
  const body = new URLSearchParams({ ...code, grant_type: "authorization_code" });
  const tokens = await sendProved(errand, "POST", "/oauth/token", { body });
  return [tokens.access_token, tokens.refresh_token];
}

/** With a proof of the errand's key (RFC 9449); once more if the node wants a fresh nonce. */
async function sendProved(errand, method, path, { body, token }) {
  const attempt = async () => {
    const bearer = token ? { Authorization: `DPoP ${token}` } : {};
    const DPoP = await prove(errand, method, path, token);
    return request(errand, method, path, { body, headers: { ...bearer, DPoP } });
  };
  const first = await attempt();
  const { error } = await first.clone().json().catch(() => ({}));
  return readAnswer(error === "use_dpop_nonce" ? await attempt() : first);
}

async function prove({ origin, key, jwk, nonce }, method, path, token) {
  const claims = {
    htm: method,
    htu: origin + path.split("?")[0],
    iat: Math.floor(Date.now() / 1000),
    jti: makeSecret(),
    ...(nonce ? { nonce } : {}),
    ...(token ? { ath: await hash(token) } : {}),
  };
  const parts = [{ alg: "Ed25519", jwk, typ: "dpop+jwt" }, claims].map(canonicalize);
  const input = parts.map((part) => encodeBase64url(utf8(part))).join(".");
  const signature = await crypto.subtle.sign("Ed25519", key, utf8(input));
  return `${input}.${encodeBase64url(new Uint8Array(signature))}`;
}

function sendForm(errand, path, form) {
  return send(errand, "POST", path, { body: new URLSearchParams(form) });
}

async function send(errand, method, path, options) {
  return readAnswer(await request(errand, method, path, options));
}

/** With the cookie that names this login, and with nothing else of this browser's. */
async function request(errand, method, path, { body, headers = {} }) {
  const accept = { Accept: "application/json", ...headers };
  const way = { method, body, headers: accept, credentials: "same-origin", redirect: "error" };
  const answer = await fetch(path, way).catch(() => null);
  need(answer !== null, "the node does not answer: try again later");
  errand.nonce = answer.headers.get("DPoP-Nonce") ?? errand.nonce;
  return answer;
}

function makeSecret() {
  return toHex(crypto.getRandomValues(new Uint8Array(32)));
}

async function hash(text) {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}
