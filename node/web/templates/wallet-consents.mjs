// What the wallet's owner permits: shown in words, permitted and revoked by signed statements
// (did/consent/policies.py). Each errand logs in and out by itself; nothing of it is kept here.

import { need, toHex } from "./encoding.mjs";
import { withAccess } from "./wallet-access.mjs";
import { signConsent } from "./wallet-messages.mjs";
import { find, make, paragraph } from "./wallet-view.mjs";

const PATH = "/api/v1/consents";
const PAGE_ENTRIES = 100;
const PAGES_MAX = 100;
const DAY_S = 86400;
const DID = /^did:[a-z0-9]+:[\x21-\x7e]{1,500}$/;
const HAPPENED = {
  grant: "You permitted a use",
  change: "You changed what you permit",
  revocation: "You revoked",
  mandate: "You named somebody who may permit in your place",
  "steward-decision": "Somebody permitted in your place",
  use: "It was used as you permit",
  refusal: "A use was refused",
};

/** What holds now, and all that has happened. */
export function fetchConsents(wallet) {
  return withAccess(wallet, ["consents"], async (call) => {
    const standing = await call("GET", PATH);
    const history = [...standing.history];
    for (let page = 1; history.length === page * PAGE_ENTRIES && page < PAGES_MAX; page += 1) {
      const more = await call("GET", `${PATH}?after=${history.at(-1).number}`);
      history.push(...more.history);
    }
    return { ...standing, history };
  });
}

/** Sign an act as the owner's next statement and hand it in; it holds when this returns. */
export function sendConsent(wallet, act) {
  return withAccess(wallet, ["consents", "consents.write"], async (call) => {
    const { seq } = await call("GET", PATH);
    const cooperative = toHex(wallet.home.cooperative);
    const said = { cooperative, seq: seq + 1, act, signer: wallet, nowMs: Date.now() };
    return call("POST", PATH, await signConsent(said));
  });
}

/** The grant that the form spells; begins now. */
export function readGrant(form, nowMs) {
  const chosen = new FormData(form);
  const [purposes, resources] = ["purpose", "resource"].map((name) => chosen.getAll(name));
  need(purposes.length > 0, "choose what it may be used for");
  need(resources.length > 0, "choose what may be used");
  const named = chosen.get("grantee");
  const grantee = named === "did" ? chosen.get("grantee-did").trim() : named;
  need(named !== "did" || DID.test(grantee), "write the DID of who may use it, or choose another");
  const startSeconds = Math.floor(nowMs / 1000);
  const endSeconds = Math.floor(Date.parse(`${chosen.get("until")}T00:00:00Z`) / 1000) + DAY_S;
  need(endSeconds > startSeconds, "choose a last day that is not over");
  const id = toHex(crypto.getRandomValues(new Uint8Array(16)));
  return { type: "grant", id, grantee, purposes, resources, from_s: startSeconds, until_s: endSeconds };
}

export function makeRevocation(id) {
  return { type: "revoke", id };
}

/** The days that the form takes: from today to five years from now, a year if nothing is said. */
export function offerDays(field, nowMs) {
  const inDays = (days) => toDay(nowMs / 1000 + days * DAY_S);
  [field.min, field.max, field.defaultValue] = [inDays(0), inDays(1824), inDays(365)];
}

/** A grant as one sentence. */
export function describeGrant({ grantee, purposes, resources, until_s: endSeconds }) {
  const [whom, what, why] = [[grantee], resources, purposes].map(spell);
  return `To use: ${what}. For: ${why}. By: ${whom}. Until the end of ${toDay(endSeconds - 1)}.`;
}

/** What is permitted, and the history; `onRevoke(id)` when something is to end. */
export function showConsents({ grants, mandates, history, note }, onRevoke) {
  const revocable = [
    ...grants.map((grant) => [grant.id, describeGrant(grant)]),
    ...mandates.map(({ id, steward, ...terms }) => {
      const what = describeGrant({ grantee: steward, ...terms });
      return [id, `Somebody may permit in your place. ${what}`];
    }),
  ];
  const rows = revocable.map(([id, words]) => {
    const button = make("button", { type: "button", className: "plain", textContent: "Revoke" });
    button.setAttribute("aria-describedby", `consent-${id}`);
    button.addEventListener("click", () => onRevoke(id));
    return make("li", {}, make("p", { id: `consent-${id}`, textContent: words }), button);
  });
  const held = rows.length > 0 ? make("ul", {}, ...rows) : paragraph("You permit nothing.");
  find("consents").replaceChildren(held, paragraph(note));
  const lines = history.map(({ at_ms: atMs, kind }) => {
    const at = new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
    return make("li", { textContent: `${at} UTC: ${HAPPENED[kind] ?? kind}` });
  });
  const told = lines.length > 0 ? make("ol", {}, ...lines) : paragraph("Nothing yet.");
  find("consent-history").replaceChildren(told);
}

/** Terms in the words of the form's own labels; what it has none for, as it is. */
function spell(terms) {
  const labels = [...find("consent").querySelectorAll("input[value]")];
  const words = terms.map((term) => {
    const field = labels.find(({ value }) => value === term);
    return field?.labels[0].textContent ?? term;
  });
  return words.join("; ");
}

function toDay(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
