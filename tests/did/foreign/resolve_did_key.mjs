// Resolves each did:key of a list with key-did-resolver.
import { readFileSync } from "node:fs";
import { getResolver } from "key-did-resolver";
import { Resolver } from "did-resolver";

const resolver = new Resolver(getResolver());
const dids = JSON.parse(readFileSync(0, "utf8"));
const answers = [];
for (const did of dids) {
  const { didDocument } = await resolver.resolve(did);
  answers.push(didDocument);
}
console.log(JSON.stringify(answers));
