// oauth4webapi as an application: logs a person in at a node, calls, refreshes, revokes.
// Takes {url, origin, seed, redirect, mixUp}; answers what it saw.
import { createPrivateKey } from "node:crypto";
import { CompactSign } from "jose";
import * as oauth from "oauth4webapi";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { url, origin, seed, kid, mixUp } = JSON.parse(Buffer.concat(chunks).toString());

// The node's name leads to loopback, as for the node's own partners on a test chain.
const reach = (address, options) => fetch(String(address).replace(origin, url), { ...options, redirect: "manual" });
const options = { [oauth.customFetch]: reach };
const client = { client_id: "rochdale-wallet" };
const redirect = "http://127.0.0.1:5050/callback";
const issuer = new URL(origin);
const server = await oauth.processDiscoveryResponse(
  issuer, await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" }));
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

const retry = async (send) => {
  try { return await send(); } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return await send();
  }
};

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const parameters = {
  response_type: "code", redirect_uri: redirect, scope: "sessions profile", state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
};
let nonceErrors = 0;
const pushed = await retry(async () => {
  const response = await oauth.pushedAuthorizationRequest(server, client, oauth.None(), parameters, { ...options, DPoP });
  try { return await oauth.processPushedAuthorizationResponse(server, client, response); } catch (error) {
    nonceErrors += 1;
    throw error;
  }
});

// The browser and the wallet.
const accept = { accept: "application/json" };
const authorize = new URL(server.authorization_endpoint);
authorize.searchParams.set("client_id", client.client_id);
authorize.searchParams.set("request_uri", pushed.request_uri);
const begun = await reach(authorize, { headers: accept });
const cookie = begun.headers.getSetCookie()[0].split(";")[0];
const { login } = await begun.json();
const asked = await (await reach(login, { headers: accept })).json();
const now = Math.floor(Date.now() / 1000);
const claims = { aud: asked.aud, nonce: asked.nonce, client: asked.client, purpose: asked.purpose, iat: now, exp: now + 60 };
const wallet = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(seed, "hex")]),
  format: "der", type: "pkcs8",
});
const statement = await new CompactSign(Buffer.from(JSON.stringify(claims)))
  .setProtectedHeader({ alg: "EdDSA", kid, typ: asked.type }).sign(wallet);
const proved = await (await reach(login, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ statement }),
})).json();
const page = await (await reach(proved.redirect_uri, { headers: { ...accept, cookie } })).json();
const decided = await reach(`${origin}/oauth/decide`, {
  method: "POST", headers: { ...accept, cookie },
  body: new URLSearchParams({ form_token: page.form_token, decision: "allow" }),
});

const answer = new URL(decided.headers.get("location"));
if (mixUp) answer.searchParams.set("iss", "https://other.test");
let checked;
try { checked = oauth.validateAuthResponse(server, client, answer, state); } catch (error) {
  console.log(JSON.stringify({ refused: error.message }));
  process.exit(0);
}
const tokens = await retry(async () => oauth.processAuthorizationCodeResponse(server, client,
  await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), checked, redirect, verifier, { ...options, DPoP })));
const api = new URL(`${origin}/api/sessions`);
const call = (token) => retry(() => oauth.protectedResourceRequest(token, "GET", api, undefined, undefined, { ...options, DPoP }));
const first = await (await call(tokens.access_token)).json();
const newer = await retry(async () => oauth.processRefreshTokenResponse(server, client,
  await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token, { ...options, DPoP })));
const second = await (await call(newer.access_token)).json();
await oauth.processRevocationResponse(
  await oauth.revocationRequest(server, client, oauth.None(), newer.refresh_token, options));
let ended;
try { await call(newer.access_token); } catch (error) {
  ended = { status: error.status, error: error.cause?.[0]?.parameters?.error };
}
console.log(JSON.stringify({
  token_type: tokens.token_type, scope: tokens.scope, nonceErrors,
  sessions: first.sessions.length, events: second.events.length, ended,
}));
