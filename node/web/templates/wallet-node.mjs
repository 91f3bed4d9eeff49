// Where a web wallet keeps its key, and how it speaks with its node. What the node answers is
// believed in nothing that a receipt can show.

import { Reader, Refused, fromHex, need, toHex, utf8 } from "./encoding.mjs";

const DATABASE = "rochdale-wallet";
const POLL_MS = 300;
const WAIT_MS = 30_000;
const ACCOUNT_COLLECTION = "04";
const RECOVERY_COLLECTION = "23";
const WITH_OPTIONS = ["election", "budget"];
const LINE_MAX = 120;

// --- The store (IndexedDB): one wallet per origin ----------------------------------------------

/** The wallet of this browser, or null. Its `key` signs and cannot be read. */
export function loadWallet() {
  return use("readonly", (store) => store.get("wallet")).then((found) => found ?? null);
}

export function saveWallet(wallet) {
  return use("readwrite", (store) => store.put(wallet, "wallet"));
}

export function removeWallet() {
  return use("readwrite", (store) => store.delete("wallet"));
}

function use(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("wallets");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const work = database.transaction("wallets", mode);
      const asked = act(work.objectStore("wallets"));
      work.oncomplete = () => {
        database.close();
        resolve(asked.result);
      };
      work.onabort = () => reject(work.error);
    };
  });
}

// --- The node ------------------------------------------------------------------------------------

/** Which cooperative and chain this node is of. */
export async function fetchHome() {
  const { cooperative, network, origin, chain_id: chainId, name } = await ask("GET", "/api/status");
  need(/^[0-9a-f]{64}$/.test(cooperative), "this node does not say which cooperative it is of");
  return { cooperative: fromHex(cooperative), network, origin, chainId, name };
}

/**
 * What the ledger holds of an account (governance/records.py): its `keys` in hex, and whether it
 * `hasGuardians`; null if it is on no roll.
 */
export async function fetchAccount(home, account) {
  const reader = await fetchState(home, ACCOUNT_COLLECTION, account);
  if (reader === null) return null;
  reader.readLength();
  reader.readHash(); // its cooperative
  reader.readCount(); // its role
  const keys = Array.from({ length: reader.readLength() }, () => readKey(reader));
  reader.readHash(); // the commitment to its next key
  return { keys, hasGuardians: reader.readHash().some((byte) => byte !== 0) };
}

function readKey(reader) {
  reader.readLength();
  const key = toHex(reader.readHash());
  reader.readCount(); // its highest nonce
  const [, length] = reader.take(2); // its nonces before
  reader.take(length);
  return key;
}

/** The recovery whose time runs (governance/key_records.py), or null. */
export async function fetchRecovery(home, account) {
  const reader = await fetchState(home, RECOVERY_COLLECTION, account);
  if (reader === null) return null;
  reader.readLength();
  const [attempt, dueMs] = [reader.readCount(), reader.readCount()];
  return dueMs > 0 ? { attempt, dueMs } : null;
}

async function fetchState(home, collection, account) {
  const key = toHex(home.cooperative) + collection + toHex(account);
  const receipt = await fetchReceipt(`state/${key}`);
  need(receipt.key === key, "the node’s receipt is about something else");
  return receipt.value === null ? null : new Reader(fromHex(receipt.value));
}

/** A receipt as soon as the header that it needs exists. */
export function fetchReceipt(path) {
  return retry(() => ask("GET", `/api/receipts/${path}`));
}

export async function fetchApplication(id) {
  return (await ask("GET", `/api/applications/${id}`)).status;
}

export async function sendApplication(jws) {
  return (await ask("POST", "/api/applications", jws)).application;
}

/**
 * The cooperative's open proposals, each with its title if the node has the text; `paper` is what
 * members choose from, or null where the question is yes or no.
 */
export async function fetchOpenProposals(home) {
  const path = `/api/proposals?cooperative=${toHex(home.cooperative)}`;
  const { proposals } = await ask("GET", path);
  return Promise.all(proposals.filter(({ stage }) => stage === "voting").map(describeProposal));
}

async function describeProposal(proposal) {
  const lines = await fetchLines(proposal.text_hash);
  const title = lines[0].slice(0, LINE_MAX) || `Proposal ${proposal.id.slice(0, 8)}`;
  const hasOptions = WITH_OPTIONS.includes(proposal.kind);
  return { ...proposal, title, paper: hasOptions ? await fetchPaper(proposal.id, lines) : null };
}

/** The lines of a text, if the node has the one of this SHA-256. */
async function fetchLines(digest) {
  const answer = await fetch(`/texts/${digest}`, { credentials: "omit" });
  const data = answer.ok ? new Uint8Array(await answer.arrayBuffer()) : new Uint8Array();
  const isItsText = answer.ok && (await hash(data)) === digest;
  return isItsText ? new TextDecoder().decode(data).trim().split("\n") : [""];
}

/** A ballot paper; an item whose hash is that of a line of the proposal's text is named by it. */
async function fetchPaper(id, lines) {
  const paper = await retry(() => ask("GET", `/api/proposals/${id}/options`));
  const trimmed = lines.map((line) => line.trim());
  const hashes = await Promise.all(trimmed.map((line) => hash(utf8(line))));
  const named = new Map(hashes.map((digest, at) => [digest, trimmed[at].slice(0, LINE_MAX)]));
  const what = paper.method === "quadratic" ? "Item" : "Office";
  const options = paper.options.map(({ number, id: option }) => ({
    number,
    name: named.get(option) ?? `${what} ${option.slice(0, 16)}`,
  }));
  return { ...paper, options };
}

async function hash(data) {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data)));
}

/** Send a transaction and wait until a block has it; a refusal says why. */
export async function sendTransaction(data) {
  const { hash } = await ask("POST", "/api/transactions", data);
  const { height, code, reason } = await retry(() => ask("GET", `/api/transactions/${hash}`));
  need(code === 0, reason);
  return height;
}

/** What a login asks to sign; the address is one of this node's. */
export async function fetchLogin(address, home) {
  const asked = URL.canParse(address.trim()) ? new URL(address.trim()) : null;
  const isOurs = asked !== null && [home.origin, location.origin].includes(asked.origin);
  need(isOurs, `this is no login at ${home.name}: copy the whole address`);
  need(/^\/login\/[\w-]{1,100}$/.test(asked.pathname), "this is not the address of a login");
  const login = await ask("GET", asked.pathname);
  const isLogin = login.type === "rochdale-login+jws" && login.aud === home.origin;
  need(isLogin, "this login was made for another node");
  return { ...login, path: asked.pathname };
}

export function sendLogin(path, statement) {
  return ask("POST", path, JSON.stringify({ statement }));
}

class NotYet extends Refused {}

async function retry(act) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof NotYet) || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

async function ask(method, path, body) {
  let answer;
  try {
    const headers = { Accept: "application/json" };
    answer = await fetch(path, { method, body, headers, credentials: "omit", redirect: "error" });
  } catch {
    throw new Refused("the node does not answer: try again later");
  }
  return readAnswer(answer);
}

/** The value that the node answered with; a refusal says why. */
export async function readAnswer(answer) {
  const value = await answer.json().catch(() => ({}));
  if (answer.ok) return value;
  const said = value.reason ?? value.error_description; // the latter as OAuth has it
  const reason = typeof said === "string" ? said : `status ${answer.status}`;
  if (answer.status === 404 || answer.status === 503) throw new NotYet(reason);
  throw new Refused(reason);
}
