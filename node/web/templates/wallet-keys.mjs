// A web wallet's keys: made here, sealed for their owner to keep, and then imported so that not
// even this page can read them again (did/wallets.py, did/sealed_exports.py, docs/wallet.md).
// Nothing here sends or stores anything.

import { concat, fromHex, isEqual, isObject, need, parseJson, readBase64 } from "./encoding.mjs";
import { toHex, utf8 } from "./encoding.mjs";
import { canonicalize, encode } from "./wallet-messages.mjs";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's base32: no I, L, O, U
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420"); // RFC 8410 §7, before the seed
const GUARDIANS_NONE = new Uint8Array(32);
const RECOVERY_KEY_BYTES = 20;
const CHECK_BYTES = 5;

/** Whether this browser can keep a key at all. */
export async function canKeepKeys() {
  if (globalThis.crypto?.subtle === undefined || globalThis.indexedDB === undefined) return false;
  try {
    const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return pair.privateKey.extractable === false;
  } catch {
    return false;
  }
}

/** Fresh random bytes that all keys of a wallet derive from; whoever calls wipes them. */
export function makeMaster() {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** Key number `generation` of a wallet: usable to sign, never to be read. */
export async function deriveKey(master, generation) {
  const seed = await hkdf(master, `rochdale/wallet/key/v1/${generation}`);
  const pkcs8 = concat(PKCS8_PREFIX, seed);
  try {
    // The public key can only be had from a readable copy; that copy is not kept.
    const readable = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", readable);
    const publicKey = readBase64(`${x.replaceAll("-", "+").replaceAll("_", "/")}=`);
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
    return { key, publicKey, generation };
  } finally {
    wipe(seed, pkcs8);
  }
}

/** What commits to a key before it is shown (did/accounts.py). */
export async function computeCommitment(publicKey) {
  return hash(utf8("rochdale/next-key/v1"), publicKey);
}

/** The wallet that a master secret begins; the browser may keep all of it. */
export async function makeWallet(master, generation = 0) {
  const [first, second] = [await deriveKey(master, 0), await deriveKey(master, 1)];
  const inception = [first.publicKey, await computeCommitment(second.publicKey), GUARDIANS_NONE];
  const own = generation === 0 ? first : await deriveKey(master, generation);
  const next = await deriveKey(master, generation + 1);
  return {
    ...own,
    nextKeyCommitment: await computeCommitment(next.publicKey),
    inception,
    account: await hash(utf8("rochdale/account/v1"), encode(inception)),
  };
}

/** Overwrite secrets. Copies that the browser made are out of reach: a page can do no more. */
export function wipe(...secrets) {
  for (const secret of secrets) secret.fill(0);
}

/** The text of a file with the master secret in it, and the recovery key that opens it. */
export async function sealExport(master) {
  const secret = crypto.getRandomValues(new Uint8Array(RECOVERY_KEY_BYTES));
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const header = { cipher: "aes-256-gcm", nonce: toHex(nonce), rochdale_wallet_export: 1 };
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: utf8(canonicalize(header)) },
    await importSealing(secret),
    master,
  );
  const spelled = btoa(String.fromCharCode(...new Uint8Array(sealed)));
  const recoveryKey = await writeRecoveryKey(secret);
  wipe(secret);
  return { text: `${canonicalize({ ...header, sealed: spelled })}\n`, recoveryKey };
}

/** The master secret in a sealed file; whoever calls wipes it. */
export async function openExport(data, recoveryKey) {
  need(data.length <= 4096, "this is not a wallet’s sealed file");
  const value = parseJson(data);
  const isKnown = isObject(value) && value.rochdale_wallet_export === 1;
  need(isKnown && /^[0-9a-f]{24}$/.test(value.nonce), "this is not a wallet’s sealed file");
  const { sealed, ...header } = value;
  const secret = await readRecoveryKey(recoveryKey);
  try {
    const additionalData = utf8(canonicalize(header));
    const way = { name: "AES-GCM", iv: fromHex(header.nonce), additionalData };
    const opened = await crypto.subtle.decrypt(
      way,
      await importSealing(secret),
      readBase64(sealed),
    );
    const master = new Uint8Array(opened);
    need(master.length === 32, "the sealed file is damaged: use a copy of it");
    return master;
  } catch (error) {
    need(error.name !== "OperationError", "the recovery key is another file’s, or the file was altered");
    throw error;
  } finally {
    wipe(secret);
  }
}

async function writeRecoveryKey(secret) {
  const whole = concat(secret, await computeCheck(secret));
  let bits = Array.from(whole, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = bits.match(/.{5}/g).map((five) => ALPHABET[parseInt(five, 2)]);
  return letters.join("").match(/.{5}/g).join("-");
}

/** A recovery key as people type it: any case, with or without hyphens. */
async function readRecoveryKey(text) {
  const typed = text.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0");
  const places = Array.from(typed.replace(/[IL]/g, "1"), (letter) => ALPHABET.indexOf(letter));
  const wrong = "the recovery key is mistyped: compare it with your note, group by group";
  need(places.length === 40 && places.every((place) => place >= 0), wrong);
  const bits = places.map((place) => place.toString(2).padStart(5, "0")).join("");
  const whole = Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
  const secret = whole.slice(0, RECOVERY_KEY_BYTES);
  need(isEqual(whole.slice(RECOVERY_KEY_BYTES), await computeCheck(secret)), wrong);
  return secret;
}

async function computeCheck(secret) {
  return (await hash(utf8("rochdale/wallet/recovery-key/v1"), secret)).slice(0, CHECK_BYTES);
}

async function importSealing(secret) {
  const key = await hkdf(secret, "rochdale/wallet/export/v1");
  try {
    return await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  } finally {
    wipe(key);
  }
}

async function hkdf(secret, info) {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const way = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(way, base, 256));
}

async function hash(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}
