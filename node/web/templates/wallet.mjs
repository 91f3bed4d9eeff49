// The page that is a member's wallet. Joins keys, messages, store and node, and says in plain
// words what came of each step.

import { Refused, fromHex, isEqual, need, toHex, utf8 } from "./encoding.mjs";
import { TrustExpired, checkReceipt, readTrust } from "./verifier.mjs";
import { canKeepKeys, computeCommitment, deriveKey, makeMaster } from "./wallet-keys.mjs";
import { makeWallet, openExport, sealExport, wipe } from "./wallet-keys.mjs";
import { showVotes } from "./wallet-ballots.mjs";
import { describeCredential, receiveCredential } from "./wallet-credentials.mjs";
import { describeGrant, fetchConsents, makeRevocation, offerDays } from "./wallet-consents.mjs";
import { readGrant, sendConsent, showConsents } from "./wallet-consents.mjs";
import { accountDid, castBallot, computeBallotId, didKey, encode } from "./wallet-messages.mjs";
import { readAccountDid, rotateKeys, signApplication } from "./wallet-messages.mjs";
import { signStatement, signTransaction } from "./wallet-messages.mjs";
import { answerLogin } from "./wallet-access.mjs";
import { fetchAccount, fetchApplication, fetchHome, fetchLogin } from "./wallet-node.mjs";
import { fetchOpenProposals, fetchReceipt, fetchRecovery, loadWallet } from "./wallet-node.mjs";
import { removeWallet, saveWallet, sendApplication, sendTransaction } from "./wallet-node.mjs";
import { clear, describeLogin, find, linkFile, make, paragraph, say, sentence } from "./wallet-view.mjs";
import { showBallots, showGuarding, showNames, unlinkFile } from "./wallet-view.mjs";

const GENERATIONS_TRIED = 20;
const BALLOTS_KEPT = 100;
let wallet = null;
let making = null; // the secrets of a wallet that its owner has not confirmed yet
let last = Promise.resolve(); // the step that ends last
const waiting = new Set();
const FORMS = { restore, confirm, apply, consent, login, sign, rotate, remove };

start();

async function start() {
  if (!(await canKeepKeys())) return;
  find("unable").hidden = true;
  for (const [id, act] of Object.entries(FORMS)) {
    find(id).addEventListener("submit", (event) => {
      event.preventDefault(); // the policy would not let anything be sent either
      run(act);
    });
  }
  find("make").addEventListener("click", () => run(begin));
  find("forget").addEventListener("click", () => run(forget));
  find("refresh").addEventListener("click", () => run(refresh));
  find("receive").addEventListener("click", () => run(receive));
  find("show-consents").addEventListener("click", () => run(listConsents));
  offerDays(find("until"), Date.now());
  find("trust").addEventListener("change", () => run(keepTrust));
  await run(async () => {
    wallet = await loadWallet();
    await show();
  });
}

/** One step after the other, none of them twice at once. */
function run(act) {
  if (waiting.has(act)) return last;
  waiting.add(act);
  last = last.then(() => perform(act)).finally(() => waiting.delete(act));
  return last;
}

/** A refusal is said, whatever it is about. */
async function perform(act) {
  document.body.setAttribute("aria-busy", "true");
  try {
    clear();
    await act();
  } catch (error) {
    const why = error instanceof Refused ? error.message : `this browser cannot (${error.message})`;
    say("That did not work", [sentence(why)], { isWarning: true });
  } finally {
    document.body.removeAttribute("aria-busy");
  }
}

async function show() {
  find("none").hidden = wallet !== null || making !== null;
  find("keep").hidden = making === null;
  find("own").hidden = wallet === null;
  if (wallet === null) return;
  const { home } = wallet;
  showNames([
    ["Your DID", didKey(wallet.publicKey)],
    ["Your account", accountDid(home.network, wallet.account)],
    ["Keys so far", String(wallet.generation + 1)],
  ]);
  showBallots(wallet.ballots, (ballot) => run(() => check(ballot)));
  find("credential").textContent = describeCredential(wallet.membership);
  for (const id of ["consents", "login-asked", "consent-asked"]) find(id).replaceChildren();
  await refresh();
}

// --- Making and bringing back ----------------------------------------------------------------

async function begin() {
  const master = makeMaster();
  const { text, recoveryKey } = await sealExport(master);
  making = { master, recoveryKey };
  linkFile(find("sealed-download"), text, "wallet-sealed.json");
  find("recovery-shown").textContent = recoveryKey;
  await show();
  find("keep").focus();
}

async function confirm() {
  const typed = find("groups").value.toUpperCase().replace(/[\s-]/g, "");
  const written = making.recoveryKey.slice(-11).replace("-", "");
  need(typed === written, "these are not the last two groups: compare your paper with the screen");
  const made = await makeWallet(making.master);
  await beginUse(made);
  endMaking();
  await show();
  say("Your wallet is ready", ["Its key is in this browser now, and cannot be copied out of it."]);
}

async function forget() {
  endMaking();
  await show();
}

function endMaking() {
  wipe(making.master);
  making = null;
  unlinkFile(find("sealed-download"));
  find("recovery-shown").textContent = "";
  find("confirm").reset();
}

async function beginUse(made) {
  wallet = { ...made, home: await fetchHome(), ballots: [], application: null, trust: null };
  await saveWallet(wallet);
}

async function restore() {
  const master = await open("sealed", "recovery");
  try {
    const home = await fetchHome();
    const first = await makeWallet(master);
    const named = find("recovered").value.trim();
    const account = named === "" ? first.account : readAccountDid(named, home.network);
    const held = await fetchAccount(home, account);
    need(held !== null || named === "", `${home.name} has no account with this DID`);
    const own = held === null ? first : await findInUse(master, held.keys);
    await beginUse({ ...own, account, isRecovered: !isEqual(account, first.account) });
  } finally {
    wipe(master);
  }
  find("restore").reset();
  await show();
  say("Your wallet is back", ["Its key is in this browser now, and cannot be copied out of it."]);
}

/** The wallet with the key that the ledger has; keys may have been changed since it was made. */
async function findInUse(master, keys) {
  for (let generation = 0; generation < GENERATIONS_TRIED; generation += 1) {
    const { publicKey } = await deriveKey(master, generation);
    if (keys.includes(toHex(publicKey))) return makeWallet(master, generation);
  }
  throw new Refused(
    "the account has none of this wallet’s keys: guardians gave it to other ones, or their week" +
      " is not over yet",
  );
}

async function open(fileId, keyId) {
  const [file] = find(fileId).files;
  return openExport(new Uint8Array(await file.arrayBuffer()), find(keyId).value);
}

// --- Membership --------------------------------------------------------------------------------

async function refresh() {
  const held = await fetchAccount(wallet.home, wallet.account);
  const isMember = held !== null && held.keys.includes(toHex(wallet.publicKey));
  const asked = held === null && wallet.application && (await fetchApplication(wallet.application));
  find("standing").textContent = describeStanding({ held, isMember, asked });
  find("apply").hidden = held !== null || asked === "pending";
  showGuarding(held, held && (await fetchRecovery(wallet.home, wallet.account)));
  const proposals = isMember ? await fetchOpenProposals(wallet.home) : [];
  showVotes(proposals, wallet.ballots, (...decided) => run(() => vote(...decided)));
}

function describeStanding({ held, isMember, asked }) {
  const { name } = wallet.home;
  if (isMember) return `You are a member of ${name}, as its node says.`;
  if (held !== null) {
    return (
      "Your account has another key now, and this one is out of use: you changed it in another" +
      " browser, or guardians gave the account to other keys. Remove the wallet below, and bring" +
      " it back."
    );
  }
  if (asked === "pending") return `Your application is with the registrar of ${name}.`;
  if (asked === "refused") return `The registrar of ${name} has refused your application.`;
  return `You are not a member of ${name} yet.`;
}

async function apply() {
  const [name, contact] = ["name", "contact"].map((id) => find(id).value.trim());
  const { cooperative } = wallet.home;
  const jws = await signApplication({ cooperative, wallet, name, contact, nowMs: Date.now() });
  await keep({ application: await sendApplication(jws) });
  await refresh();
  say("Your application is with the registrar", ["Come back later, and ask again here."]);
}

async function keep(changes) {
  const changed = { ...wallet, ...changes };
  await saveWallet(changed);
  wallet = changed;
}

// --- Voting --------------------------------------------------------------------------------------

/** Cast a ballot: a number of `CHOICES`, or marks as bytes; `words` say the same to people. */
async function vote({ id, title }, choice, words) {
  const { home, account } = wallet;
  const { cooperative } = home;
  const proposal = fromHex(id);
  const said = castBallot({ cooperative, proposal, choice });
  say("Your ballot is on its way", ["It counts once a block of the ledger holds it."]);
  const height = await send(said, wallet);
  const ballotId = toHex(await computeBallotId(proposal, account));
  const receipt = await fetchReceipt(`ballot/${id}/${ballotId}`);
  const key = toHex(cooperative) + "09" + id + ballotId;
  const isOwn = receipt.key === key && receipt.value === toHex(encode([choice]));
  need(isOwn, "the node’s receipt is not about your ballot: ask at another cooperative’s node");
  const ballot = { proposal: id, title, choice: words, height, receipt: JSON.stringify(receipt) };
  const others = wallet.ballots.filter((each) => each.proposal !== id);
  await keep({ ballots: [ballot, ...others].slice(0, BALLOTS_KEPT) });
  showBallots(wallet.ballots, (each) => run(() => check(each)));
  await refresh();
  say(`You voted ${words}`, [`Your ballot on “${title}” is in block ${height}. Keep the receipt.`]);
}

function send(said, signer) {
  const { account, home } = wallet;
  const signing = { chainId: home.chainId, account, nowMs: Date.now(), said, signer };
  return signTransaction(signing).then(sendTransaction);
}

async function keepTrust() {
  const [file] = find("trust").files;
  const trust = new Uint8Array(await file.arrayBuffer());
  await readTrust(trust);
  await keep({ trust });
  say("Receipts are checked with this from now on");
}

async function check({ receipt, title, choice }) {
  need(wallet.trust !== null, "choose first whom you trust, above the ballots");
  try {
    const trust = await readTrust(wallet.trust);
    const shown = await checkReceipt(utf8(receipt), trust, { nowMs: Date.now() });
    const own = toHex(await computeBallotId(fromHex(shown.ballot.proposal), wallet.account));
    need(shown.ballot.ballot === own, "the ballot is not this wallet’s");
    const isMarked = shown.ballot.choice !== choice;
    const says = isMarked ? `${choice} (${shown.ballot.choice})` : choice;
    say("The receipt holds", [`Your ballot on “${title}” says ${says}.`]);
  } catch (error) {
    if (error instanceof TrustExpired) throw new Refused("whom you trust is too old: choose a newer bundle");
    throw error;
  }
}

// --- Consents ------------------------------------------------------------------------------------

async function listConsents() {
  showConsents(await fetchConsents(wallet), (id) => run(() => revoke(id)));
}

async function consent() {
  const grant = readGrant(find("consent"), Date.now());
  const button = make("button", { type: "button", textContent: "Sign and permit it" });
  button.addEventListener("click", () => run(() => permit(grant)));
  find("consent-asked").replaceChildren(paragraph(describeGrant(grant)), make("p", {}, button));
  find("consent-asked").focus();
}

async function permit(grant) {
  const { note } = await sendConsent(wallet, grant);
  find("consent-asked").replaceChildren();
  find("consent").reset();
  await listConsents();
  say("You have permitted it", [describeGrant(grant), note]);
}

async function revoke(id) {
  const { note } = await sendConsent(wallet, makeRevocation(id));
  await listConsents();
  say("You have revoked it", ["It has ended.", note]);
}

// --- Logging in and signing ------------------------------------------------------------------

async function login() {
  const asked = await fetchLogin(find("address").value, wallet.home);
  const button = make("button", { type: "button", textContent: "Log in" });
  button.addEventListener("click", () => run(() => goOn(asked)));
  find("login-asked").replaceChildren(...describeLogin(asked), make("p", {}, button));
  find("login-asked").focus();
}

async function goOn(asked) {
  const href = await answerLogin(asked, wallet);
  find("login-asked").replaceChildren();
  find("login").reset();
  const link = make("a", { href, textContent: "Go on to the application" });
  say("You have proved who you are", [make("p", {}, link)]);
}

async function receive() {
  await keep({ membership: await receiveCredential(wallet) });
  find("credential").textContent = describeCredential(wallet.membership);
  say("Your credential is here", ["On a login’s page you can show it. Only this browser can."]);
}

async function sign() {
  const [file] = find("document").files;
  const data = new Uint8Array(await file.arrayBuffer());
  const jws = await signStatement({ data, signer: wallet, nowMs: Date.now() });
  const link = linkFile(make("a"), `${jws}\n`, `${file.name}.sig`);
  link.textContent = `Save ${file.name}.sig`;
  find("sign").reset();
  say(`You signed ${file.name}`, [make("p", {}, link)]);
}

// --- Changing and removing the key -------------------------------------------------------------

async function rotate() {
  const master = await open("rotate-sealed", "rotate-recovery");
  try {
    const next = await makeWallet(master, wallet.generation + 1);
    const isNext = isEqual(await computeCommitment(next.publicKey), wallet.nextKeyCommitment);
    need(isNext, "this is another wallet’s sealed file");
    const held = await fetchAccount(wallet.home, wallet.account);
    need(held !== null, "only a member’s key is changed: you have no account on the ledger yet");
    // An earlier try may have reached the ledger though this page did not hear of it.
    if (!held.keys.includes(toHex(next.publicKey))) await send(rotateKeys(next), next);
    await keep({ ...next, account: wallet.account });
  } finally {
    wipe(master);
  }
  find("rotate").reset();
  await show();
  say("Your key is changed", ["The old one has stopped. File and recovery key stay the same."]);
}

async function remove() {
  await removeWallet();
  wallet = null;
  for (const form of document.querySelectorAll("form")) form.reset();
  await show();
  say("The wallet is no longer in this browser");
}
