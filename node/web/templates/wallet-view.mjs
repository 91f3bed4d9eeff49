// What a wallet's page shows: words, lists, buttons and files to save. Text only enters as text.

const said = document.getElementById("said");

export function find(id) {
  return document.getElementById(id);
}

export function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Say what came of it, where eyes and screen readers go next. */
export function say(headline, sentences = [], { isWarning = false } = {}) {
  const notice = make("div", { className: isWarning ? "notice warning" : "notice" });
  notice.append(make("p", { className: "headline", textContent: headline }));
  notice.append(...sentences.map((each) => (each instanceof Node ? each : paragraph(each))));
  said.replaceChildren(notice);
  said.focus();
}

export function clear() {
  said.replaceChildren();
}

export function paragraph(textContent) {
  return make("p", { textContent });
}

export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A link that saves a text as a file; the text never leaves the device. */
export function linkFile(link, text, name) {
  const type = name.endsWith(".json") ? "application/json" : "text/plain";
  link.href = URL.createObjectURL(new Blob([text], { type }));
  return Object.assign(link, { download: name, className: "download" });
}

export function unlinkFile(link) {
  if (link.href) URL.revokeObjectURL(link.href);
  link.removeAttribute("href");
}

export function showNames(names) {
  const rows = names.map(([term, text]) =>
    make("div", {}, make("dt", { textContent: term }), make("dd", {}, make("code", { textContent: text }))),
  );
  find("names").replaceChildren(...rows);
}

/** Who asks for a login, where its answer goes, and what it would allow. */
export function describeLogin(asked) {
  const who = `${asked.client_name} asks you to log in. Your answer goes to ${asked.answers_to}.`;
  const allows = asked.scopes.map((scope) => make("li", { textContent: scope.allows }));
  return [
    paragraph(`${who} If you did not begin this, do not go on.`),
    paragraph("It asks to be allowed to:"),
    make("ul", {}, ...allows),
  ];
}

/** Whether an account has guardians, and a recovery of it whose time runs. */
export function showGuarding(held, recovery) {
  find("guardians").textContent =
    held === null
      ? "You choose guardians once you are a member."
      : held.hasGuardians
        ? "Your account has guardians. They can give it to new keys of yours if you lose these."
        : "Your account has no guardians: if you lose file and recovery key, only your" +
          " cooperative can help, with a new account.";
  find("recovering").hidden = !recovery;
  if (!recovery) return;
  const when = new Date(recovery.dueMs).toISOString().slice(0, 16).replace("T", " ");
  find("recovery-asked").textContent =
    `Guardians have asked to give your account to other keys, from ${when} UTC on. If you did not` +
    ` want that, stop it on the command line: rochdale wallet veto WALLET --attempt ${recovery.attempt}`;
}

/** The ballots with their receipts; `onCheck(ballot)` when one is to be checked. */
export function showBallots(ballots, onCheck) {
  const shown = ballots.map((ballot) => {
    const name = `ballot-${ballot.proposal.slice(0, 8)}.json`;
    const link = linkFile(make("a"), ballot.receipt, name);
    link.textContent = `Save the receipt ${name}`;
    const button = make("button", { type: "button", className: "plain" });
    button.textContent = `Check: ${ballot.title}`;
    button.addEventListener("click", () => onCheck(ballot));
    const row = make("div");
    const what = `${ballot.choice}, block ${ballot.height}`;
    row.append(make("dt", { textContent: ballot.title }));
    row.append(make("dd", {}, paragraph(what), make("p", {}, link), make("p", {}, button)));
    return row;
  });
  const list = shown.length > 0 ? make("dl", {}, ...shown) : paragraph("None yet.");
  find("ballots").replaceChildren(list);
}
