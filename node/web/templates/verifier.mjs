// Checks receipts of a Rochdale ledger: alone, offline, with nothing but the browser's own
// SHA-256 and Ed25519. The same rules as the command `rochdale ledger verify`, written down in
// docs/receipts.md; each section names the Python module that it follows.

import { Reader, Refused, TRUST_BUNDLE, isObject, need, parseJson } from "./encoding.mjs";
import { ABSENT, COMMITTED, HASHES } from "./encoding.mjs";
import { readBase64, readChainId, readInteger, readPower, readReceipt, readTime } from "./encoding.mjs";
import { readConsentEntry } from "./encoding.mjs";
import { bytesField, fixedField, intField, messageField, varint } from "./encoding.mjs";
import { concat, fromHex, isEqual, sum, toHex, utf8 } from "./encoding.mjs";

export { Refused };

/** What the reader trusts is too old to lead anywhere; a person may decide otherwise. */
export class TrustExpired extends Refused {}

/** Read whom to believe: the bytes of a genesis file or of a trust bundle. */
export async function readTrust(data) {
  const value = parseJson(data);
  need(isObject(value), "this is neither a genesis file nor a trust bundle");
  return "app_state" in value ? readGenesis(value, data) : readBundle(value);
}

/**
 * Check a receipt's bytes against what `readTrust` gave, from signature to meaning.
 *
 * `nowMs` is the reader's clock; `acceptsOldTrust` goes on from trust beyond its time. Returns
 * what the receipt shows, with a sentence in `meaning`; throws Refused if any link is missing.
 */
export async function checkReceipt(data, trust, { nowMs, acceptsOldTrust = false }) {
  const receipt = readReceipt(parseJson(data));
  need(
    receipt.chain_id === trust.chainId,
    `the receipt is of another chain than ${trust.chainId}: use a genesis file or trust bundle of ` +
      "the receipt’s own chain, also if the one goes on from the other",
  );
  const { header, bridge, key, value } = receipt;
  const moved = await findOnChain([...bridge, receipt], trust, nowMs, acceptsOldTrust);
  if (receipt.kind !== "block") await checkProofs(receipt);
  const fact = await readFact(receipt);
  need(receipt.kind === fact.kind, `the receipt is of kind ${fact.kind}, not ${receipt.kind}`);
  const verified = {
    ...fact,
    chainId: receipt.chain_id,
    height: Number(header.height),
    timeMs: Number(header.time / MS_NS),
    headerHash: toHex(await hashHeader(header)),
    appHash: toHex(header.app_hash),
    key: toHex(key),
    value: value && toHex(value),
    trustedHeight: Number(moved.height),
  };
  return { ...verified, meaning: renderMeaning(verified) };
}

// --- Receipts (ledger/receipts.py, ledger/receipt_meaning.py, ledger/lists.py) ----------------

const CHOICES = ["no", "yes", "abstain"];
const OPTIONS_MAX = 64;
const OUTCOMES = ["", "accepted", "rejected", "no quorum", "too few yes"];
const BALLOT_COLLECTION = 0x09;
const DECISION_COLLECTION = 0x0b;
const LOG_COLLECTION = 0x21;
const CONSENT_ROOT_COLLECTION = 0x60;
const CONSENT_ENTRY_DOMAIN = utf8("rochdale/consent-entry/v1");
const CONSENT_LEAF_DOMAIN = utf8("rochdale/consent-leaf/v1");
const DERIVED_FROM = 0x80;
const LISTS = {
  1: { name: "decisions", ids: 0 },
  2: { name: "cooperatives", ids: 0 },
  3: { name: "roll", ids: 1 },
  4: { name: "proposals", ids: 1 },
  5: { name: "ballots", ids: 2 },
  6: { name: "motions", ids: 0 },
  7: { name: "cases", ids: 0 },
  8: { name: "sealed-accounts", ids: 1 },
  9: { name: "second-ballots", ids: 2 },
  16: { name: "roll-changes", ids: 1 },
  10: { name: "duties", ids: 1 },
  11: { name: "complaints", ids: 1 },
  12: { name: "disputes", ids: 0 },
  13: { name: "body-motions", ids: 1 },
  14: { name: "petitions", ids: 1 },
  15: { name: "countbacks", ids: 1 },
  30: { name: "journal", ids: 1 },
  31: { name: "agreements", ids: 0 },
  32: { name: "commitments", ids: 2 },
};

async function checkProofs({ key, value, proof: [ofKey, ofRoot], header }) {
  need(!(key[32] >= DERIVED_FROM), "the key is outside the state, which shows nothing about it");
  const state = readExistence(readProof(ofRoot, EXISTS), TENDERMINT);
  await checkExistence(state, TENDERMINT, utf8("state"), header.app_hash);
  if (value === null) return checkAbsence(readProof(ofKey, EXISTS_NOT), key, state.value);
  const shown = readExistence(readProof(ofKey, EXISTS), SMT);
  need(isEqual(shown.value, value), "the proof is about another value");
  return checkExistence(shown, SMT, key, state.value);
}

async function readFact({ kind, key, value, extra }) {
  const none = { ballot: null, decision: null, page: null, consents: null };
  if (kind === "consents") return { ...none, kind, consents: await readConsents(key, value, extra) };
  if (kind === "page") return { ...none, kind, page: await readPage(key, value, extra) };
  if (extra !== null) {
    const isDecision = value !== null && key.length === 65 && key[32] === DECISION_COLLECTION;
    need(isDecision, "a counted ballot is shown by the result of its vote");
    const { ballotsRoot, ...decision } = readDecision(value);
    const leaf = concat([0x92, 0xc4, 32], extra.ballot_id, encodeChoice(extra.choice));
    const size = decision.yes + decision.no + decision.abstain;
    const isCounted = await isIncluded(leaf, extra.index, size, extra.path, ballotsRoot);
    need(isCounted, "the ballot is not among those counted");
    const ballot = nameBallot(key, extra.ballot_id, extra.choice);
    return { ...none, kind: "counted", ballot, decision };
  }
  if (value !== null && key.length === 97 && key[32] === BALLOT_COLLECTION) {
    return { ...none, kind: "ballot", ballot: nameBallot(key, key.slice(65), readBallot(value)) };
  }
  return { ...none, kind: key.length || value !== null ? "state" : "block" };
}

/** A person's history of consent, and its place under a period's root (ledger/receipt_consents.py). */
async function readConsents(key, value, { before, entries, salt, index, path }) {
  const isRoot = value !== null && key.length === 41 && key[32] === CONSENT_ROOT_COLLECTION;
  need(isRoot, "a history of consent is shown by a period's root");
  const reader = new Reader(value);
  need(reader.take(1)[0] === 0x91, "the period's root is malformed");
  const root = reader.readHash();
  need(reader.isAtEnd, "the period's root is malformed");
  let head = before;
  const read = [];
  for (const { body, salt: own } of entries) {
    const commitment = await sha256(concat(CONSENT_ENTRY_DOMAIN, own, utf8(body)));
    head = await sha256(concat(CONSENT_ENTRY_DOMAIN, head, commitment));
    const entry = readConsentEntry(body);
    const isNext = read.length === 0 || entry.number === read.at(-1).number + 1;
    need(isNext, "an entry of the history is missing or stands elsewhere");
    read.push(entry);
  }
  const isFirst = before.every((byte) => byte === 0);
  need(isFirst === (read[0].number === 1), "before the first entry of a history is nothing");
  const leaf = await sha256(concat(CONSENT_LEAF_DOMAIN, key.slice(33), salt, head));
  const isThere = await isIncluded(leaf, index, 2 ** path.length, path, root);
  need(isThere, "the history does not lead to the period's root");
  const period = BigInt(`0x${toHex(key.slice(33))}`).toString();
  return { cooperative: toHex(key.slice(0, 32)), period, entries: read };
}

/** Entries of a list from a place on, none left out. */
async function readPage(key, value, { first, entries, path }) {
  const list = LISTS[key[33]];
  const isOfFederation = key.slice(0, 32).every((byte) => byte === 0);
  const isLog = key[32] === LOG_COLLECTION && list && isOfFederation === (list.ids === 0);
  const isKey = isLog && key.length === 34 + 32 * Math.max(0, list.ids - 1);
  need(isKey, "a page of a list is shown by what state says of that list");
  const [cooperative, proposal] = [key.slice(0, 32), key.slice(34)].map(toHex);
  const page = { list: list.name, cooperative: list.ids ? cooperative : "", proposal, first };
  if (value === null) {
    need(first + entries.length + path.length === 0, "an empty list has no entries");
    return { ...page, size: 0, entries: [] };
  }
  const { size, root } = await readFrontier(value);
  const isThere = await isRangeIncluded(entries, first, size, path, root);
  need(isThere, "the entries are not the list's, or not at these places");
  return { ...page, size, entries: entries.map(toHex) };
}

/** A list's size and root: canonical msgpack of its size and the roots of its full subtrees. */
async function readFrontier(value) {
  const reader = new Reader(value);
  need(reader.readLength() === 2, "the list's record is malformed");
  const size = reader.readCount();
  const count = reader.readLength();
  need(count <= 63, "the list's record is malformed");
  const peaks = Array.from({ length: count }, () => reader.readHash());
  need(reader.isAtEnd, "the list's record is malformed");
  let root = peaks.pop() ?? (await sha256(new Uint8Array()));
  while (peaks.length) root = await hashPair(peaks.pop(), root);
  return { size, root };
}

/** A ballot: a list of one choice, a small number or marks (governance/proposal_records.py). */
function readBallot(value) {
  const [list, first, length] = value;
  if (value.length === 2 && list === 0x91 && first < CHOICES.length) return first;
  const isMarked = list === 0x91 && first === 0xc4 && length > 0 && length <= OPTIONS_MAX;
  need(isMarked && value.length === 3 + length, "the ballot is malformed");
  return value.slice(3);
}

function encodeChoice(choice) {
  return typeof choice === "number" ? [choice] : concat([0xc4, choice.length], choice);
}

function nameBallot(key, ballot, choice) {
  const [cooperative, proposal] = [key.slice(0, 32), key.slice(33, 65)].map(toHex);
  const said = typeof choice === "number" ? CHOICES[choice] : `marks ${[...choice].join(" ")}`;
  return { cooperative, proposal, ballot: toHex(ballot), choice: said };
}

/** The result of a vote: canonical msgpack of twelve fields (governance/records.py, Decision). */
function readDecision(value) {
  const reader = new Reader(value);
  need(reader.take(1)[0] === 0x9c, "the vote's result is malformed");
  const counts = Array.from({ length: 6 }, () => reader.readCount());
  const [yes, no, abstain, electorate, quorumBps, outcome] = counts;
  const ballotsRoot = reader.readHash();
  for (let field = 7; field < 12; field++) reader.readCount();
  need(reader.isAtEnd && quorumBps <= 10000 && OUTCOMES[outcome], "the vote's result is malformed");
  return { yes, no, abstain, electorate, outcome: OUTCOMES[outcome], ballotsRoot };
}

function renderMeaning(verified) {
  const { chainId, height, timeMs, key, value, ballot, decision, page, consents } = verified;
  const moment = new Date(timeMs).toISOString().slice(0, 19).replace("T", " ");
  let fact = `the state key ${key} ${value === null ? "has no value" : "has this value"}`;
  if (ballot) {
    const [name, proposal] = [ballot.ballot, ballot.proposal].map((id) => `${id.slice(0, 16)}…`);
    fact = `the ballot ${name} on proposal ${proposal} says ${ballot.choice}`;
  }
  if (decision) {
    fact +=
      ` and was counted: ${decision.yes} yes, ${decision.no} no, ${decision.abstain} abstained, ` +
      `of ${decision.electorate} entitled; outcome: ${decision.outcome}`;
  }
  if (page) fact = describePage(page);
  if (verified.kind === "block") {
    const { headerHash, appHash } = verified;
    fact = `its hash is ${headerHash} and the ledger before it has the app hash ${appHash}`;
  }
  if (consents) fact = describeConsents(consents);
  return (
    `More than two thirds of the validators of ${chainId} signed block ${height} of ${moment} ` +
    `UTC, by which ${fact}.`
  );
}

function describeConsents({ cooperative, period, entries }) {
  const [first, last] = [entries[0].number, entries.at(-1).number];
  return (
    `the root of period ${period} of cooperative ${cooperative.slice(0, 16)}… covers a history ` +
    `of consent up to entry ${last}; from ${first} to ${last} the entries are these`
  );
}

function describePage({ list, cooperative, proposal, size, first, entries }) {
  let words = `the list ${list}`;
  if (cooperative) words += ` of cooperative ${cooperative.slice(0, 16)}…`;
  const subject = list === "commitments" ? "of pool" : "on proposal";
  if (proposal) words += ` ${subject} ${proposal.slice(0, 16)}…`;
  if (!entries.length) return `${words} is empty`;
  const last = first + entries.length - 1;
  const noun = size === 1 ? "entry" : "entries";
  return `${words} has ${size} ${noun}; from ${first} to ${last} they are these`;
}

// --- Whom to believe (ledger/trust.py) -------------------------------------------------------

async function readGenesis(value, data) {
  need(Array.isArray(value.validators), "the genesis file names no validators");
  const given = value.validators.map((item) => ({
    public_key: readBase64(item?.pub_key?.value),
    power: readPower(Number(readInteger(item?.power))),
  }));
  const validators = await sortValidators(given);
  return {
    chainId: readChainId(value.chain_id),
    genesisHash: toHex(await sha256(data)),
    trustingDays: 90,
    height: 0n,
    time: readTime(value.genesis_time),
    hash: [],
    validators,
    nextValidatorsHash: await hashValidators(validators),
  };
}

async function readBundle(value) {
  const bundle = TRUST_BUNDLE(value);
  const { header, validators } = bundle;
  const isOfChain = header.height > 0n && header.chain_id === bundle.chain_id;
  need(isOfChain, "the header is of another chain than the trust bundle");
  await checkValidators(bundle);
  const genesisHash = toHex(bundle.genesis_hash);
  const start = { chainId: header.chain_id, genesisHash, trustingDays: bundle.trusting_days };
  return moveTo(start, { header, validators });
}

async function moveTo(trust, { header, validators }) {
  const { height, time, next_validators_hash: nextValidatorsHash } = header;
  return { ...trust, height, time, validators, nextValidatorsHash, hash: await hashHeader(header) };
}

// --- Following the chain (ledger/light.py) ---------------------------------------------------

const MS_NS = 1000000n;
const DAY_NS = 86400n * 1000n * MS_NS;
const CLOCK_DRIFT_NS = 300n * 1000n * MS_NS;

/** Check the last of some blocks, the others being the bridge to it; the trust moved there. */
async function findOnChain(blocks, trust, nowMs, acceptsOldTrust) {
  const { header } = blocks.at(-1);
  const clockNs = BigInt(Math.floor(nowMs)) * MS_NS;
  for (const block of blocks) {
    await checkCommit(block, trust.chainId);
    const isOther = block.header.height !== trust.height;
    const isSame = isOther || isEqual(await hashHeader(block.header), trust.hash);
    need(isSame, "the block contradicts the trusted one at its height");
  }
  for (let place = 1; place < blocks.length; place++) {
    const before = await moveTo(trust, blocks[place - 1]);
    checkLater(blocks[place], before);
    const follows = isVouchedFor(blocks[place], before);
    need(follows, "a block of the bridge does not follow from the one before");
  }
  if (header.height === trust.height) return trust;
  if (!acceptsOldTrust) checkAge(trust, clockNs);
  if (header.height > trust.height) return cross(blocks, trust, clockNs);
  need(header.time < trust.time, "an earlier block has a later time than the trusted one");
  need(
    isVouchedFor(blocks.at(-1), trust),
    "the block is older than what you trust and was signed by other validators: fetch the " +
      "receipt again, any node of the chain can give a new one",
  );
  return trust;
}

function checkAge(trust, clockNs) {
  if (trust.time + BigInt(trust.trustingDays) * DAY_NS > clockNs) return;
  const day = new Date(Number(trust.time / MS_NS)).toISOString().slice(0, 10);
  throw new TrustExpired(
    `what you trust is of ${day}, more than ${trust.trustingDays} days old: since then ` +
      "validators may have changed and their old keys may be in other hands. Get a fresh trust " +
      "bundle from a cooperative that you trust (rochdale trust export), or accept that risk",
  );
}

async function cross(blocks, trust, clockNs) {
  const end = blocks.at(-1);
  checkLater(end, trust);
  const isPast = end.header.time < clockNs + CLOCK_DRIFT_NS;
  need(isPast, "the block is of a time yet to come: set this machine's clock");
  while (trust.height < end.header.height) {
    const start = trust;
    const leads = (block) => block.header.height > start.height && isVouchedFor(block, start);
    const step = blocks.filter(leads).at(-1);
    need(
      step,
      "the chain's validators are not the ones that you trust, and nothing leads from these to " +
        "them: get a fresh trust bundle from a cooperative that you trust",
    );
    checkLater(step, trust);
    trust = await moveTo(trust, step);
  }
  return trust;
}

function checkLater({ header }, trust) {
  // The first block's time is the chain's beginning itself.
  const least = trust.height === 0n ? trust.time : trust.time + 1n;
  const isLater = header.height > trust.height && header.time >= least;
  need(isLater, "a later block has not a greater height and a later time");
}

/** Whether a block follows in one step: by hash if adjacent, else by a third of the power. */
function isVouchedFor({ header, commit, validators }, trust) {
  if (header.height === trust.height + 1n) {
    return isEqual(header.validators_hash, trust.nextValidatorsHash);
  }
  const powers = new Map(trust.validators.map((item) => [toHex(item.public_key), item.power]));
  const signers = validators.filter((_, place) => commit.signatures[place].flag === COMMITTED);
  const signed = sum(signers.map((item) => powers.get(toHex(item.public_key)) ?? 0));
  return 3 * signed > sum([...powers.values()]);
}

/** Whether more than two thirds of its own validators' power made a block final. */
async function checkCommit({ header, commit, validators }, chainId) {
  need(header.chain_id === chainId, `the header is of chain ${header.chain_id}, not ${chainId}`);
  need(header.version.block === 11n, "only headers of block protocol 11 can be checked");
  const isOfHeight = header.height > 0n && commit.height === header.height;
  need(isOfHeight, "the commit is not for the header's height");
  await checkValidators({ header, validators });
  const isOfHeader = isEqual(commit.block_id.hash, await hashHeader(header));
  need(isOfHeader, "the commit is for another header");
  const { signatures } = commit;
  const isWhole = signatures.length === validators.length;
  need(isWhole, "the commit has not one entry for each validator");
  let signed = 0;
  for (const [place, entry] of signatures.entries()) {
    if (entry.flag === ABSENT) continue;
    const { public_key: key, power } = validators[place];
    const isOwn = isEqual(entry.address, await computeAddress(key));
    need(isOwn, "a precommit names another validator than its place says");
    const vote = renderVote(commit, entry, chainId);
    const isValid = await isSignatureValid(key, vote, entry.signature);
    need(isValid, "a validator's signature is not valid");
    if (entry.flag === COMMITTED) signed += power;
  }
  const total = sum(validators.map((item) => item.power));
  need(3 * signed > 2 * total, `only ${signed} of ${total} validator power signed the header`);
}

async function checkValidators({ header, validators }) {
  const sorted = await sortValidators(validators);
  const isSorted = sorted.every((item, place) => item === validators[place]);
  need(isSorted, "validators stand in the engine's order: most power first");
  const isNamed = isEqual(header.validators_hash, await hashValidators(validators));
  need(isNamed, "the validators are not the ones that the header names");
}

// --- What the engine hashes and validators sign (ledger/headers.py) --------------------------

function hashHeader(header) {
  return computeRoot([
    concat(intField(1, header.version.block), intField(2, header.version.app)),
    bytesField(1, utf8(header.chain_id)),
    intField(1, header.height),
    timestamp(header.time),
    blockId(header.last_block_id),
    ...HASHES.map((name) => bytesField(1, header[name])),
  ]);
}

/** What a validator signed: a length-prefixed canonical precommit. */
function renderVote(commit, entry, chainId) {
  const vote = concat(
    intField(1, 2n),
    fixedField(2, commit.height),
    fixedField(3, BigInt(commit.round)),
    entry.flag === COMMITTED ? messageField(4, blockId(commit.block_id)) : [],
    messageField(5, timestamp(entry.time)),
    bytesField(6, utf8(chainId)),
  );
  return concat(varint(BigInt(vote.length)), vote);
}

function hashValidators(validators) {
  const leaves = validators.map(({ public_key: key, power }) =>
    concat(messageField(1, bytesField(1, key)), intField(2, BigInt(power))),
  );
  return computeRoot(leaves);
}

/** The engine's order: most power first, then by address. */
async function sortValidators(validators) {
  const keys = new Set(validators.map((item) => toHex(item.public_key)));
  need(keys.size > 0 && keys.size <= 64, "a validator set has 1 to 64 keys");
  need(keys.size === validators.length, "a validator's key appears twice");
  const placed = [];
  for (const item of validators) {
    placed.push({ item, address: toHex(await computeAddress(item.public_key)) });
  }
  const byPlace = (a, b) => b.item.power - a.item.power || (a.address < b.address ? -1 : 1);
  return placed.sort(byPlace).map(({ item }) => item);
}

async function computeAddress(key) {
  need(key.length === 32, "a validator's key has 32 bytes");
  return (await sha256(key)).slice(0, 20);
}

function blockId({ hash, parts }) {
  const inner = concat(intField(1, BigInt(parts.total)), bytesField(2, parts.hash));
  return concat(bytesField(1, hash), messageField(2, inner));
}

function timestamp(timeNs) {
  return concat(intField(1, timeNs / (1000n * MS_NS)), intField(2, timeNs % (1000n * MS_NS)));
}

// --- Signatures (did/keys.py) ----------------------------------------------------------------

const FIELD_PRIME = 2n ** 255n - 19n;
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
// Points of small order, by y: browsers take signatures made with them, our nodes do not.
const SMALL_ORDER_Y = [
  0n,
  1n,
  FIELD_PRIME - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
];

/** Ed25519, never laxer than libsodium; exported for the tests. */
export async function isSignatureValid(key, signed, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (isWeakPoint(key) || isWeakPoint(signature.slice(0, 32))) return false;
  if (fromLittleEndian(signature.slice(32)) >= GROUP_ORDER) return false;
  try {
    const point = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", point, signature, signed);
  } catch (error) {
    if (error.name === "NotSupportedError") throw error; // a browser without Ed25519
    return false; // not a point
  }
}

function isWeakPoint(encoded) {
  const y = fromLittleEndian(encoded) & (2n ** 255n - 1n);
  return y >= FIELD_PRIME || SMALL_ORDER_Y.includes(y);
}

function fromLittleEndian(encoded) {
  return BigInt(`0x${toHex(encoded.slice().reverse())}`);
}

// --- Proofs of state (ledger/ics23.py) -------------------------------------------------------

const EXISTS = 0x0a;
const EXISTS_NOT = 0x12;
const SMT = { leafOp: fromHex("0801100118012a0100"), isKeyHashed: true, depthMax: 256 };
const TENDERMINT = { leafOp: fromHex("0801180120012a0100"), isKeyHashed: false, depthMax: 128 };
const STEP_FROM_RIGHT = fromHex("22250801122101");
const STEP_FROM_LEFT = fromHex("222708011201011a20");

function readProof(data, tag) {
  const reader = new Reader(data);
  const body = reader.readField(tag);
  need(reader.isAtEnd, "bytes follow the proof");
  return body;
}

function readExistence(body, { leafOp, depthMax }) {
  const reader = new Reader(body);
  const [key, value] = [reader.readField(0x0a, 256), reader.readField(0x12, 65536)];
  need(isEqual(reader.readField(0x1a), leafOp), "the proof is of another kind of tree");
  const path = [];
  while (!reader.isAtEnd) {
    const isRight = reader.skip(STEP_FROM_RIGHT);
    const isStep = isRight || reader.skip(STEP_FROM_LEFT);
    need(isStep && path.length < depthMax, "a step of the proof's path is not one of this tree");
    path.push({ isRight, sibling: reader.take(32) });
  }
  return { key, value, path };
}

async function checkExistence({ key, value, path }, { isKeyHashed }, wanted, root) {
  need(isEqual(key, wanted), "the proof is about another key");
  const place = isKeyHashed ? await sha256(key) : concat(varint(BigInt(key.length)), key, [32]);
  // The last step, at the root, follows the first bit of the key's place.
  const isOnWay = ({ isRight }, level) => isRight === isBitSet(place, path.length - 1 - level);
  need(!isKeyHashed || path.every(isOnWay), "the path does not lead to the key's place");
  let node = await sha256(concat([0], place, await sha256(value)));
  for (const { isRight, sibling } of path) {
    node = isRight ? await hashPair(sibling, node) : await hashPair(node, sibling);
  }
  need(isEqual(node, root), "the path does not lead from this key and value to the root");
}

/** Nothing has the key's place: those on both sides of it, if there are two, are neighbours. */
async function checkAbsence(body, key, root) {
  const reader = new Reader(body);
  need(isEqual(reader.readField(0x0a, 256), key), "the proof is about another key");
  const place = toHex(await sha256(key));
  const readSide = async (tag, isBeside) => {
    if (!reader.isNext(tag)) return null;
    const side = readExistence(reader.readField(tag), SMT);
    await checkExistence(side, SMT, side.key, root);
    need(isBeside(toHex(await sha256(side.key))), "a neighbour lies on the wrong side");
    return side.path;
  };
  const left = await readSide(0x12, (other) => other < place);
  const right = await readSide(0x1a, (other) => other > place);
  need(reader.isAtEnd && (left || right), "a proof of absence has one or two neighbours");
  if (left && right) {
    while (left.length && right.length && isSameStep(left.at(-1), right.at(-1))) {
      left.pop();
      right.pop();
    }
    const isFork = left.length && right.length && !left.pop().isRight && right.pop().isRight;
    need(isFork, "the two neighbours do not lie left and right of one node");
  }
  const isEmpty = ({ sibling }) => sibling.every((byte) => byte === 0);
  const isLast = (left ?? []).every((step) => step.isRight || isEmpty(step));
  const isFirst = (right ?? []).every((step) => !step.isRight || isEmpty(step));
  need(isLast && isFirst, "another key lies between the neighbours");
}

function isSameStep(one, other) {
  return one.isRight === other.isRight && isEqual(one.sibling, other.sibling);
}

function isBitSet(place, bit) {
  return ((place[bit >> 3] >> (7 - (bit & 7))) & 1) === 1;
}

// --- Hash trees (governance/merkle_log.py, RFC 6962) -----------------------------------------

async function computeRoot(leaves) {
  if (leaves.length === 1) return sha256(concat([0], leaves[0]));
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const sides = [leaves.slice(0, split), leaves.slice(split)];
  return hashPair(await computeRoot(sides[0]), await computeRoot(sides[1]));
}

async function isIncluded(leaf, index, size, path, root) {
  if (index >= size) return false;
  let [node, place, last] = [await sha256(concat([0], leaf)), BigInt(index), BigInt(size - 1)];
  for (const sibling of path) {
    if (last === 0n) return false;
    if (place & 1n || place === last) {
      node = await hashPair(sibling, node);
      for (; !(place & 1n); place >>= 1n) last >>= 1n; // levels without a sibling
    } else {
      node = await hashPair(node, sibling);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  return last === 0n && isEqual(node, root);
}

/** Whether entries stand in a log at these places, none left out. */
async function isRangeIncluded(leaves, start, size, path, root) {
  const [end, rest] = [start + leaves.length, [...path]];
  if (!(start < end && end <= size)) return false;
  const compute = async (low, high) => {
    if (high <= start || end <= low) return rest.shift() ?? [];
    if (high - low === 1) return sha256(concat([0], leaves[low - start]));
    let split = 1;
    while (split * 2 < high - low) split *= 2;
    const left = await compute(low, low + split); // first: the path goes from left to right
    return hashPair(left, await compute(low + split, high));
  };
  return isEqual(await compute(0, size), root) && rest.length === 0;
}

function hashPair(left, right) {
  return sha256(concat([1], left, right));
}

async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}
