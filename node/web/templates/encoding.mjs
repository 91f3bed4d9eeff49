// How files spell what the verifier checks, and how the engine spells what it hashes: JSON,
// hexadecimal, base64, protobuf, proofs, msgpack. Strict throughout: every value has one accepted
// spelling, and whatever is not known is refused (did/jcs.py, did/codec.py, ledger/headers.py,
// ledger/light_blocks.py). Decides nothing: what holds is verifier.mjs's matter.

/** What was shown does not hold; the message says why, for people. */
export class Refused extends Error {}

export function need(holds, otherwise) {
  if (!holds) throw new Refused(otherwise);
}

// A validator's entry in a commit: none, for the block, or for no block.
export const ABSENT = 1;
export const COMMITTED = 2;
const AGAINST = 3;
/** The header's hashes in the order in which they enter its own. */
export const HASHES = [
  ...["last_commit_hash", "data_hash", "validators_hash", "next_validators_hash"],
  ...["consensus_hash", "app_hash", "last_results_hash", "evidence_hash", "proposer_address"],
];

// --- JSON and its fields ---------------------------------------------------------------------

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;

/** A reader of objects with exactly these fields, each read by its own reader. */
function shape(fields) {
  const names = Object.keys(fields);
  return (value) => {
    const isWhole = isObject(value) && names.every((name) => Object.hasOwn(value, name));
    const isExact = isWhole && Object.keys(value).length === names.length;
    need(isExact, `expected an object with exactly: ${names.join(", ")}`);
    return Object.fromEntries(names.map((name) => [name, fields[name](value[name])]));
  };
}

const list = (item, least, most) => (value) => {
  const isFitting = Array.isArray(value) && value.length >= least && value.length <= most;
  need(isFitting, `expected a list of ${least} to ${most}`);
  return value.map(item);
};
const number = (least, most) => (value) => {
  const isFitting = Number.isSafeInteger(value) && value >= least && value <= most;
  need(isFitting, `expected a whole number from ${least} to ${most}`);
  return value;
};
const hex = (least, most) => (text) => {
  const isHex = typeof text === "string" && /^([0-9a-f]{2})*$/.test(text);
  const isFitting = isHex && text.length >= 2 * least && text.length <= 2 * most;
  need(isFitting, `expected ${least} to ${most} bytes as lower-case hexadecimal`);
  return fromHex(text);
};
const upperHex = (...lengths) => (text) => {
  const isHex = typeof text === "string" && /^([0-9A-F]{2})*$/.test(text);
  const isFitting = isHex && (lengths.length === 0 || lengths.includes(text.length / 2));
  need(isFitting, "a hash or address is not upper-case hexadecimal of its length");
  return fromHex(text);
};
const string = (value) => {
  need(typeof value === "string", "expected a text");
  return value;
};
const orNull = (read) => (value) => (value === null ? null : read(value));

export function readChainId(value) {
  const isFitting = typeof value === "string" && /^[^]{1,50}$/u.test(value);
  need(isFitting, "a chain's id is 1 to 50 characters");
  return value;
}

export function readInteger(value) {
  const isInteger = typeof value === "string" && /^(0|[1-9][0-9]{0,18})$/.test(value);
  need(isInteger && BigInt(value) < 2n ** 63n, "a number is not plain decimal text");
  return BigInt(value);
}

/** The engine's RFC 3339 time, from 1970 on; nanoseconds. */
export function readTime(value) {
  const pattern = /^([0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2})(?:\.([0-9]{0,8}[1-9]))?Z$/;
  const [, whole, fraction = ""] = (typeof value === "string" && pattern.exec(value)) || [];
  const ms = Date.parse(`${whole}Z`);
  const doesExist = ms >= 0 && new Date(ms).toISOString().slice(0, 19) === whole;
  need(doesExist, "a time does not exist, or is not spelled as the engine spells it");
  return BigInt(ms) * 1000000n + BigInt(fraction.padEnd(9, "0"));
}

export function readBase64(value) {
  let binary = null;
  try {
    if (typeof value === "string") binary = atob(value);
  } catch {
    // Refused below.
  }
  need(binary !== null && btoa(binary) === value, "not canonical base64");
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** The engine leaves an application version of zero out. */
function version(value) {
  const isShort = isObject(value) && !("app" in value);
  const whole = isShort ? { ...value, app: "0" } : value;
  const read = shape({ block: readInteger, app: readInteger })(whole);
  need(isShort || read.app > 0n, "an application version of zero is left out");
  return read;
}

function precommit(value) {
  const fields = PRECOMMIT(value);
  const { block_id_flag: flag, validator_address: address, timestamp, signature } = fields;
  if (flag === ABSENT) {
    const isEmpty = address === "" && signature === null && timestamp === "0001-01-01T00:00:00Z";
    need(isEmpty, "an absent precommit carries nothing");
    return { flag };
  }
  const signed = { signature: readBase64(signature), time: readTime(timestamp) };
  return { flag, address: upperHex(20)(address), ...signed };
}

const hash = upperHex(0, 32);
export const readPower = number(1, 2 ** 40);
const asIs = (value) => value;
const VALIDATORS = list(shape({ public_key: hex(32, 32), power: readPower }), 1, 64);
const BLOCK_ID = shape({ hash, parts: shape({ total: number(0, 2 ** 31 - 1), hash }) });
const PRECOMMIT = shape({
  block_id_flag: number(ABSENT, AGAINST),
  validator_address: asIs,
  timestamp: asIs,
  signature: asIs,
});
const HEADER = shape({
  version,
  chain_id: readChainId,
  height: readInteger,
  time: readTime,
  last_block_id: BLOCK_ID,
  ...Object.fromEntries(HASHES.map((name) => [name, hash])),
  app_hash: upperHex(),
  proposer_address: upperHex(20),
});
const COMMIT = shape({
  height: readInteger,
  round: number(0, 2 ** 31 - 1),
  block_id: BLOCK_ID,
  signatures: list(precommit, 1, 64),
});
const LIGHT_BLOCK = shape({ header: HEADER, commit: COMMIT, validators: VALIDATORS });
const COUNTED = shape({
  ballot_id: hex(32, 32),
  choice: (value) => (typeof value === "string" ? hex(1, 64) : number(0, 2))(value),
  index: number(0, Number.MAX_SAFE_INTEGER),
  path: list(hex(32, 32), 0, 63),
});
const PAGE = shape({
  first: number(0, Number.MAX_SAFE_INTEGER),
  entries: list(hex(0, 1024), 0, 256),
  path: list(hex(32, 32), 0, 128),
});
const CONSENTS = shape({
  before: hex(32, 32),
  entries: list(shape({ body: string, salt: hex(32, 32) }), 1, 32),
  salt: hex(32, 32),
  index: number(0, Number.MAX_SAFE_INTEGER),
  path: list(hex(32, 32), 0, 40),
});
const EXTRAS = new Map([["page", PAGE], ["consents", CONSENTS]]);
const RECEIPT = shape({
  version: number(2, 2),
  chain_id: string,
  kind: string,
  key: hex(0, 256),
  value: orNull(hex(0, 65536)),
  proof: list(hex(0, 196608), 0, 2),
  header: HEADER,
  commit: COMMIT,
  validators: VALIDATORS,
  bridge: list(LIGHT_BLOCK, 0, 32),
  extra: asIs,
});

/** A receipt's fields; what stands in `extra` follows from its kind. */
export function readReceipt(value) {
  const receipt = RECEIPT(value);
  const proofs = receipt.kind === "block" ? 0 : 2;
  need(receipt.proof.length === proofs, "a receipt has two proofs; a block's has none");
  const readExtra = EXTRAS.get(receipt.kind) ?? orNull(COUNTED);
  return { ...receipt, extra: readExtra(receipt.extra) };
}

const CONSENT_KINDS =
  "grant change revocation mandate steward-decision use refusal".split(" ");
const CONSENT_ENTRY = shape({
  number: number(1, Number.MAX_SAFE_INTEGER),
  kind: asIs,
  atMs: number(0, 253402300799999),
  content: asIs,
});

/** One entry of a history of consent, of the canonical JSON that it commits to. */
export function readConsentEntry(body) {
  const data = utf8(body);
  need(data.length <= 16384, "an entry of a history is longer than it may be");
  const value = parseJson(data);
  need(canonicalize(value) === body, "an entry of a history is spelled in its canonical way");
  const entry = CONSENT_ENTRY(value);
  const isKnown = CONSENT_KINDS.includes(entry.kind) && isObject(entry.content);
  need(isKnown, "an entry of a history says number, kind, time and content");
  return entry;
}

/** One text for one value (RFC 8785), for whole numbers. */
function canonicalize(value) {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(",")}]`;
  const member = (name) => `${JSON.stringify(name)}:${canonicalize(value[name])}`;
  return `{${Object.keys(value).sort().map(member).join(",")}}`;
}

export const TRUST_BUNDLE = shape({
  version: number(2, 2),
  chain_id: readChainId,
  genesis_hash: hex(32, 32),
  trusting_days: number(1, 365),
  header: HEADER,
  validators: VALIDATORS,
  peers: list(asIs, 0, 64),
});

/** JSON that has one meaning: no repeated keys, whole numbers only. */
export function parseJson(data) {
  need(data.length <= 1048576, "the file has more than a mebibyte");
  let source, value;
  try {
    source = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    value = JSON.parse(source);
  } catch {
    throw new Refused("the file is not well-formed JSON in UTF-8");
  }
  const bare = source.replace(/"(?:[^"\\]|\\.)*"/gs, '""');
  const isWhole = (found) => /^-?[0-9]{1,16}$/.test(found) && Number.isSafeInteger(Number(found));
  need((bare.match(/-?[0-9][0-9.eE+-]*/g) ?? []).every(isWhole), "a number is not a whole one");
  const isOnce = countMembers(value, 32) === bare.split(":").length - 1;
  need(isOnce, "a key is repeated within one JSON object");
  return value;
}

function countMembers(value, depthLeft) {
  if (typeof value === "string") need(!/\p{Surrogate}/u.test(value), "half a letter in a text");
  if (typeof value !== "object" || value === null) return 0;
  need(depthLeft > 0, "JSON nests too deep");
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return own + sum(Object.values(value).map((item) => countMembers(item, depthLeft - 1)));
}

/** Reads proofs and msgpack from the front; each length and number in its shortest spelling. */
export class Reader {
  constructor(data) {
    this.data = data;
    this.place = 0;
  }

  get isAtEnd() {
    return this.place === this.data.length;
  }

  isNext(byte) {
    return this.data[this.place] === byte;
  }

  take(count) {
    need(this.place + count <= this.data.length, "a proof or value ends too early");
    this.place += count;
    return this.data.slice(this.place - count, this.place);
  }

  skip(wanted) {
    const isThere = isEqual(this.data.slice(this.place, this.place + wanted.length), wanted);
    if (isThere) this.place += wanted.length;
    return isThere;
  }

  readField(tag, most = 196608) {
    need(this.take(1)[0] === tag, "the proof lacks a field, or has one in another order");
    let [length, scale, byte] = [0, 1, 0x80];
    for (; byte >= 0x80; scale *= 128) {
      [byte] = this.take(1);
      length += (byte & 0x7f) * scale;
      const isShortest = scale < 128 ** 3 && (byte !== 0 || scale === 1);
      need(isShortest, "a length in the proof is not spelled in the shortest way");
    }
    need(length > 0 && length <= most, `a field of the proof has not 1 to ${most} bytes`);
    return this.take(length);
  }

  /** A list's length in msgpack. */
  readLength() {
    const [first] = this.take(1);
    if ((first & 0xf0) === 0x90) return first & 0x0f;
    const [high, low] = first === 0xdc ? this.take(2) : [0, 0];
    const length = high * 256 + low;
    need(length > 15, "a list is not there, or not spelled in the shortest way");
    return length;
  }

  /** 32 bytes of msgpack. */
  readHash() {
    need(isEqual(this.take(2), [0xc4, 32]), "the value holds something else than a hash");
    return this.take(32);
  }

  /** A whole number of msgpack, not negative. */
  readCount() {
    const [first] = this.take(1);
    if (first < 0x80) return first;
    const width = { 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8 }[first];
    need(width, "the value holds something else than a whole number");
    const value = Number(`0x${toHex(this.take(width))}`);
    const isShortest = value >= (width === 1 ? 0x80 : 2 ** (4 * width));
    need(isShortest && isCount(value), "a number is not spelled in the shortest way");
    return value;
  }
}

export function concat(...parts) {
  const whole = new Uint8Array(sum(parts.map((part) => part.length)));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

export function utf8(value) {
  return new TextEncoder().encode(value);
}

export function toHex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(digits) {
  const byteAt = (_, place) => parseInt(digits.substr(2 * place, 2), 16);
  return Uint8Array.from({ length: digits.length / 2 }, byteAt);
}

export function isEqual(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

export function sum(numbers) {
  return numbers.reduce((total, item) => total + item, 0);
}

// --- What the engine writes and hashes -------------------------------------------------------

// Protobuf fields: zero and empty are left out, but a message is there even if it is empty.
export const intField = (tag, value) => (value === 0n ? [] : concat([tag << 3], varint(value)));
export const bytesField = (tag, value) => (value.length === 0 ? [] : messageField(tag, value));
export const messageField = (tag, value) =>
  concat([(tag << 3) | 2], varint(BigInt(value.length)), value);
export const fixedField = (tag, value) =>
  value === 0n ? [] : concat([(tag << 3) | 1], littleEndian(value));

function littleEndian(value) {
  const encoded = new DataView(new ArrayBuffer(8));
  encoded.setBigInt64(0, value, true);
  return new Uint8Array(encoded.buffer);
}

export function varint(value) {
  const encoded = [];
  for (; value > 0x7fn; value >>= 7n) encoded.push(Number(value & 0x7fn) | 0x80);
  return [...encoded, Number(value)];
}
