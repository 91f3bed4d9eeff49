// Proving to the node with the wallet's key who is here.

import { need } from "./encoding.mjs";
import { signLogin } from "./wallet-messages.mjs";
import { sendLogin } from "./wallet-node.mjs";

const PURPOSES = ["login", "add-passkey"];

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
