// What a wallet says, byte for byte as the command line says it: transactions (ledger/envelope.py,
// docs/transactions.md), signed statements (did/jws.py) and the names of keys and accounts.
// Nothing here sends or stores anything.

import { concat, fromHex, need, toHex, utf8 } from "./encoding.mjs";

export const CHOICES = { no: 0, yes: 1, abstain: 2 };
const CAST_BALLOT = 0x03;
const ROTATE_KEYS = 0x17;
const MULTICODEC_ED25519 = [0xed, 0x01];
const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const OFFERED_MS = 600_000; // how long a transaction of ours may wait for a block
const LOGIN_S = 120;

/** Canonical msgpack (did/codec.py): null, booleans, whole numbers, texts, bytes, lists. */
export function encode(value) {
  if (value === null) return Uint8Array.of(0xc0);
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xc3 : 0xc2);
  if (typeof value === "number") return encodeCount(value);
  if (Array.isArray(value)) {
    const head = encodeLength(value.length, { fix: [0x90, 16], wide: [null, 0xdc, 0xdd] });
    return concat(head, ...value.map(encode));
  }
  if (value instanceof Uint8Array) {
    return concat(encodeLength(value.length, { fix: [0, 0], wide: [0xc4, 0xc5, 0xc6] }), value);
  }
  const text = utf8(value);
  return concat(encodeLength(text.length, { fix: [0xa0, 32], wide: [0xd9, 0xda, 0xdb] }), text);
}

function encodeCount(value) {
  need(Number.isSafeInteger(value) && value >= 0, "only whole numbers are encoded");
  if (value < 0x80) return Uint8Array.of(value);
  const width = [1, 2, 4, 8].find((bytes) => value < 2 ** (8 * bytes));
  return concat([{ 1: 0xcc, 2: 0xcd, 4: 0xce, 8: 0xcf }[width]], bigEndian(value, width));
}

function encodeLength(length, { fix: [tag, end], wide }) {
  if (length < end) return [tag | length];
  const place = [1, 2, 4].findIndex((width, at) => wide[at] !== null && length < 2 ** (8 * width));
  return [wide[place], ...bigEndian(length, [1, 2, 4][place])];
}

function bigEndian(value, width) {
  const digits = value.toString(16).padStart(2 * width, "0");
  return Array.from({ length: width }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** Canonical JSON (RFC 8785) of what wallets sign: objects of texts, whole numbers and lists. */
export function canonicalize(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalize(value[name])}`).join(",")}}`;
}

// --- Names -----------------------------------------------------------------------------------

export function encodeBase58(data) {
  let [number, text] = [BigInt(`0x0${toHex(data)}`), ""];
  for (; number > 0n; number /= 58n) text = BASE58[Number(number % 58n)] + text;
  const zeros = data.findIndex((byte) => byte !== 0);
  return "1".repeat(zeros < 0 ? data.length : zeros) + text;
}

function decodeBase58(text) {
  const digits = Array.from(text.slice(0, 64), (letter) => BASE58.indexOf(letter));
  if (digits.length === 0 || digits.includes(-1)) return null;
  const number = digits.reduce((total, digit) => total * 58n + BigInt(digit), 0n);
  const data = fromHex(number.toString(16).padStart(64, "0"));
  return encodeBase58(data) === text ? data : null;
}

export function encodeBase64url(data) {
  const binary = Array.from(data, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function didKey(publicKey) {
  return `did:key:${multikey(publicKey)}`;
}

export function accountDid(network, account) {
  return `did:rochdale:${network}:z${encodeBase58(account)}`;
}

/** The account in its DID, if it is one on this network. */
export function readAccountDid(text, network) {
  const start = `did:rochdale:${network}:z`;
  const account = text.startsWith(start) ? decodeBase58(text.slice(start.length)) : null;
  need(account?.length === 32, `an account’s DID looks like ${start}…`);
  return account;
}

/**
 * What logins are signed with: the account's own key once its first one is out of use, because a
 * did:key would be a stranger's then (did/wallets.py).
 */
export function nameMethod({ publicKey, generation, isRecovered, home, account }) {
  if (generation === 0 && !isRecovered) return nameKey({ publicKey });
  return `${accountDid(home.network, account)}#${multikey(publicKey)}`;
}

function nameKey({ publicKey }) {
  return `${didKey(publicKey)}#${multikey(publicKey)}`;
}

function multikey(publicKey) {
  return `z${encodeBase58(concat(MULTICODEC_ED25519, publicKey))}`;
}

export async function computeBallotId(proposal, account) {
  return sha256(utf8("rochdale/ballot/v1"), proposal, account);
}

// --- Transactions ----------------------------------------------------------------------------

export function castBallot({ cooperative, proposal, choice }) {
  return { type: CAST_BALLOT, payload: encode([cooperative, proposal, choice]) };
}

export function rotateKeys({ nextKeyCommitment }) {
  const guardiansStay = new Uint8Array();
  return { type: ROTATE_KEYS, payload: encode([nextKeyCommitment, 1, guardiansStay]) };
}

/** The bytes of a transaction, signed by one key. */
export async function signTransaction({ chainId, account, nowMs, said, signer }) {
  const body = concat(
    [0x98], // a list of eight, the last of them encoded already
    ...[1, chainId, account, nowMs, nowMs + OFFERED_MS].map(encode),
    encode([concat(MULTICODEC_ED25519, signer.publicKey)]),
    encode(said.type),
    said.payload,
  );
  const chain = await sha256(utf8(chainId));
  const signature = await sign(signer, concat(utf8("rochdale/tx/v1"), chain, body));
  return encode([body, [signature]]);
}

// --- Signed statements -----------------------------------------------------------------------

/** Asks for membership (did/applications.py). */
export function signApplication({ cooperative, wallet, name, contact, nowMs }) {
  const claims = {
    cooperative: toHex(cooperative),
    inception: wallet.inception.map(toHex),
    name,
    contact,
    iat: Math.floor(nowMs / 1000),
    nonce: toHex(crypto.getRandomValues(new Uint8Array(16))),
  };
  return signJws(claims, { signer: wallet, typ: "rochdale-application+jws" });
}

/** Signs a file's bytes for other people (did/statements.py). */
export async function signStatement({ data, signer, nowMs }) {
  const claims = { iat: Math.floor(nowMs / 1000), sha256: toHex(await sha256(data)) };
  return signJws(claims, { signer, typ: "rochdale-statement+jws" });
}

/** Answers a node's login challenge. */
export function signLogin({ aud, nonce, client, purpose, signer, nowMs }) {
  const iat = Math.floor(nowMs / 1000);
  const claims = { aud, nonce, client, purpose, iat, exp: iat + LOGIN_S };
  return signJws(claims, { signer, typ: "rochdale-login+jws", kid: nameMethod(signer) });
}

/** What its owner says of their consent (did/consent/policies.py); `seq` numbers statements. */
export function signConsent({ cooperative, seq, act, signer, nowMs }) {
  const claims = { cooperative, seq, iat: Math.floor(nowMs / 1000), act, mandate: "" };
  return signJws(claims, { signer, typ: "rochdale-consent+jws", kid: nameMethod(signer) });
}

async function signJws(claims, { signer, typ, kid = nameKey(signer) }) {
  const parts = [{ alg: "EdDSA", kid, typ }, claims].map(canonicalize);
  const input = parts.map((part) => encodeBase64url(utf8(part))).join(".");
  return `${input}.${encodeBase64url(await sign(signer, utf8(input)))}`;
}

async function sign(signer, message) {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", signer.key, message));
}

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}
