// @openid4vc/openid4vp as a wallet: reads a signed request and checks who asks.
// Takes {request, jwk}; answers what it read, or why it refuses.
import { Openid4vpClient } from "@openid4vc/openid4vp";
import { createHash, randomBytes } from "node:crypto";
import { compactVerify, importJWK } from "jose";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { request, link, jwk } = JSON.parse(Buffer.concat(chunks).toString());

const refuse = () => { throw new Error("not needed here"); };
const callbacks = {
  hash: (data, algorithm) => createHash(algorithm.replace("-", "")).update(data).digest(),
  generateRandom: (count) => randomBytes(count),
  verifyJwt: async (signer, { compact }) => {
    try {
      await compactVerify(compact, await importJWK(jwk, "EdDSA"));
      return { verified: true, signerJwk: jwk };
    } catch { return { verified: false }; }
  },
  fetch: async () => new Response(request, { headers: { "content-type": "application/oauth-authz-req+jwt" } }),
  signJwt: refuse, encryptJwe: refuse, decryptJwe: refuse, getX509CertificateMetadata: refuse,
};
try {
  const client = new Openid4vpClient({ callbacks });
  const parsed = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link });
  const resolved = await client.resolveOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: parsed.params, responseMode: { type: "direct_post" },
  });
  console.log(JSON.stringify({
    client: resolved.client, payload: resolved.authorizationRequestPayload,
    signer: resolved.jar?.signer, dcql: resolved.dcql?.query,
  }));
} catch (error) {
  console.log(JSON.stringify({ refused: error.message }));
}
