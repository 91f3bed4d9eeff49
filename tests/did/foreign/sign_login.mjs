// jose as a foreign wallet: signs a login's claims. Takes {jwk, alg, kid, typ, claims}.
import { readFileSync } from "node:fs";
import { CompactSign, importJWK } from "jose";

const { jwk, alg, kid, typ, claims } = JSON.parse(readFileSync(0, "utf8"));
const statement = await new CompactSign(Buffer.from(JSON.stringify(claims)))
  .setProtectedHeader({ alg, kid, typ }).sign(await importJWK(jwk, alg));
console.log(JSON.stringify(statement));
