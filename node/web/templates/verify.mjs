// The page where a member checks a receipt. Reads two files that the member chooses, asks the
// verifier, and says in plain words what came of it. Sends nothing anywhere.

import { Refused, TrustExpired, checkReceipt, readTrust } from "./verifier.mjs";

const form = document.getElementById("check");
const verdict = document.getElementById("verdict");
const old = document.getElementById("old");
const accept = document.getElementById("accept");

document.getElementById("scriptless").hidden = true;
form.hidden = false;
form.addEventListener("submit", (event) => {
  event.preventDefault(); // the policy would not let anything be sent either
  check();
});
form.addEventListener("change", (event) => {
  verdict.replaceChildren();
  if (event.target === accept) return;
  old.hidden = true;
  accept.checked = false;
});

async function check() {
  if (globalThis.crypto?.subtle === undefined) {
    return show("This browser cannot check here", [
      "It checks signatures only on pages that came over https: open the page at such an address.",
    ]);
  }
  try {
    const trust = await read("trust", readTrust);
    if (trust === null) return;
    const shown = await read("receipt", (data) =>
      checkReceipt(data, trust, { nowMs: Date.now(), acceptsOldTrust: accept.checked }),
    );
    if (shown !== null) showFact(shown, accept.checked);
  } catch (error) {
    show("This browser cannot check the receipt", [
      `It lacks something that the check needs (${error.message}). Use a newer browser.`,
    ]);
  }
}

/** What a chosen file gives; null after saying why it does not. */
async function read(id, reader) {
  const [file] = document.getElementById(id).files;
  try {
    return await reader(new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse(id, error);
    return null;
  }
}

function refuse(id, error) {
  if (error instanceof TrustExpired) {
    old.hidden = false;
    const where = "For that there is a box above.";
    show("What you trust is too old", [sentence(error.message), where]);
  } else if (id === "trust") {
    show("The trust file cannot be used", [sentence(error.message)]);
  } else {
    show("The receipt does not hold", [
      sentence(error.message),
      "Do not rely on it, but keep it. Ask another cooperative’s node for a new one.",
    ]);
  }
}

function showFact(shown, isTrustOld) {
  const { ballot, page, consents } = shown;
  const what = page ? describePage(page) : describeOther(shown);
  const facts = [
    ...(ballot ? [["Proposal", ballot.proposal], ["Ballot", ballot.ballot]] : []),
    ...(page?.cooperative ? [["Cooperative", page.cooperative]] : []),
    ...(page?.proposal ? [["Proposal", page.proposal]] : []),
    ...(page?.entries ?? []).map((entry, place) => [`Entry ${page.first + place}`, entry]),
    ...(consents ? [["Cooperative", consents.cooperative]] : []),
    ...(consents?.entries ?? []).map((entry) => [`Entry ${entry.number}`, describeEntry(entry)]),
    ["Ledger", shown.chainId],
    ["As of", `block ${shown.height}, ${renderTime(shown.timeMs)}`],
    ["Fingerprint of the block", shown.headerHash],
    ...(shown.kind === "block" ? [["App hash", shown.appHash]] : []),
  ];
  const source =
    "More than two thirds of the cooperatives’ nodes that you trust, or that these vouch for, " +
    "signed for it.";
  const warning = "You accepted an old trust file: this is as certain as its keys still are.";
  show("The receipt holds", [...what, source, ...(isTrustOld ? [warning] : [])], { facts });
}

function describeOther(shown) {
  if (shown.kind === "block") return describeBlock(shown);
  if (shown.consents) return describeConsents(shown.consents);
  return shown.ballot ? describeBallot(shown.ballot, shown.decision) : describeState(shown);
}

function describeBlock({ height }) {
  return [
    `Block ${height} was agreed. All that the ledger held before it has the app hash below; two ` +
      "nodes whose block has the same fingerprint hold the same.",
  ];
}

function describePage({ list, size, first, entries }) {
  if (entries.length === 0) return [`The ledger’s list “${list}” is empty.`];
  const noun = size === 1 ? "entry" : "entries";
  const last = first + entries.length - 1;
  return [
    `The ledger’s list “${list}” has ${size} ${noun}, numbered from 0. Here are ${first} to ` +
      `${last}, all of them: none is left out, changed or added.`,
  ];
}

function describeConsents({ period, entries }) {
  const noun = entries.length === 1 ? "entry" : "entries";
  const older = entries[0].number === 1 ? "from its beginning" : "without what came before";
  return [
    `A history of consent was kept under the ledger’s root of period ${period}. Here are its ` +
      `latest ${entries.length} ${noun}, ${older}: none is left out, changed or added.`,
    "What each one says in words, the command line tells.",
  ];
}

function describeEntry({ kind, atMs }) {
  return `${kind.replace("-", " ")}, ${renderTime(atMs)}`;
}

function describeBallot(ballot, decision) {
  const says = `The ballot says ${ballot.choice}.`;
  const whose =
    "Whose ballot it is, only its owner can tell: with your wallet, the command line says if it " +
    "is yours.";
  if (decision === null) {
    const next = "Whether it was counted, a second receipt shows after the vote has closed.";
    return [`The ballot is on the ledger. ${says}`, whose, next];
  }
  const { yes, no, abstain, electorate, outcome } = decision;
  const count =
    `The vote: ${yes} for, ${no} against, ${abstain} abstained, of ${electorate} members who ` +
    `could vote. Outcome: ${outcome}.`;
  return [`The ballot was counted. ${says}`, whose, count];
}

function describeState({ key, value }) {
  const what = value === null ? "nothing" : value;
  return [`The ledger’s entry ${key} holds: ${what}.`];
}

function show(headline, sentences, { facts = null } = {}) {
  const notice = make("div", { className: facts ? "notice" : "notice warning" });
  notice.append(make("h2", { className: "headline", textContent: headline }));
  for (const textContent of sentences) notice.append(make("p", { textContent }));
  if (facts) notice.append(makeList(facts));
  verdict.replaceChildren(notice);
  verdict.focus();
}

function makeList(facts) {
  const list = make("dl");
  for (const [term, textContent] of facts) {
    const [row, said] = [make("div"), make("dd")];
    const isHash = /^[0-9a-f]{64}$/.test(textContent);
    said.append(isHash ? make("code", { textContent }) : textContent);
    row.append(make("dt", { textContent: term }), said);
    list.append(row);
  }
  return list;
}

function make(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function renderTime(timeMs) {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
