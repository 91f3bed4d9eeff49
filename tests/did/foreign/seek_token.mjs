// oauth4webapi and jose as an application: seeks a token for what is somebody's, and reads it (UMA 2.0).
// Takes {url, origin, resource, credential, seed, scope}; answers what it saw.
import { createHash, createPrivateKey } from "node:crypto";
import { SignJWT, decodeJwt, decodeProtectedHeader } from "jose";
import * as oauth from "oauth4webapi";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { url, origin, resource, credential, seed, scope } = JSON.parse(Buffer.concat(chunks).toString());

// The node's name leads to loopback, as for the node's own partners on a test chain.
const reach = (address, options) => fetch(String(address).replace(origin, url), options);
const options = { [oauth.customFetch]: reach };
const client = { client_id: "rochdale-wallet" };
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
const retry = async (send) => {
  try { return await send(); } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return await send();
  }
};

const knocked = await reach(resource);
const challenge = knocked.headers.get("www-authenticate");
const told = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map((found) => [found[1], found[2]]));
const issuer = new URL(told.as_uri);
const server = await oauth.processDiscoveryResponse(
  issuer, await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" }));
const grantType = server.grant_types_supported.find((name) => name.endsWith("uma-ticket"));

const seek = (parameters) => retry(async () => oauth.processGenericTokenEndpointResponse(server, client,
  await oauth.genericTokenEndpointRequest(server, client, oauth.None(), grantType, parameters, { ...options, DPoP })));

// Without claims first: the answer says which are needed, and has the ticket that goes on. A
// request from which it only learns the DPoP nonce leaves the ticket as it was.
let needs;
try { await seek({ ticket: told.ticket, scope }); } catch (error) { needs = error.cause; }

const holder = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(seed, "hex")]),
  format: "der", type: "pkcs8",
});
const binding = await new SignJWT({
  nonce: needs.ticket, sd_hash: createHash("sha256").update(credential).digest("base64url"),
}).setProtectedHeader({ alg: "EdDSA", typ: "kb+jwt" }).setIssuedAt().setAudience(server.issuer).sign(holder);
const tokens = await seek({
  ticket: needs.ticket, scope, claim_token_format: "dc+sd-jwt", claim_token: credential + binding,
});
const claims = decodeJwt(tokens.access_token);
const read = await (await retry(() => oauth.protectedResourceRequest(
  tokens.access_token, "GET", new URL(resource), undefined, undefined, { ...options, DPoP }))).json();
console.log(JSON.stringify({
  scheme: challenge.split(" ")[0], error: needs.error,
  formats: needs.required_claims[0].claim_token_format,
  token_type: tokens.token_type, typ: decodeProtectedHeader(tokens.access_token).typ,
  claims: Object.keys(claims).sort(), permissions: claims.permissions.map((item) => item.resource_scopes),
  resource: read.resource, purposes: read.purposes,
}));
