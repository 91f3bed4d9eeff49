// Calls the browser's authenticator: to log in with a passkey, or to add one. Sends its answer to
// this node and nowhere else. Pages work without it by the other ways of logging in.

const REMEMBERED = "rochdale-passkeys";
/** Ids of passkeys that the authenticator finds by their id only; at most this many are kept. */
const REMEMBERED_MAX = 10;

if (globalThis.PublicKeyCredential !== undefined) {
  offer("passkey-use", logIn);
  offer("passkey-add", add);
}

/** Show a part of the page that works with scripts only; one step at a time. */
function offer(id, act) {
  const section = document.getElementById(id);
  if (section === null) return;
  const [button, status] = [section.querySelector("button"), section.querySelector("[role]")];
  section.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = "Waiting for your device …";
    try {
      status.textContent = await act(JSON.parse(section.dataset.options), section);
    } catch (error) {
      status.textContent = explain(error);
      button.disabled = false;
    }
  });
}

async function logIn(options) {
  const allowCredentials = remembered().map(name);
  const publicKey = { ...options, challenge: fromText(options.challenge), allowCredentials };
  const made = await navigator.credentials.get({ publicKey });
  const { response } = made;
  const answer = await send("/oauth/passkey", {
    credential: spell(made, {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      ...(response.userHandle ? { userHandle: toText(response.userHandle) } : {}),
    }),
  });
  location.assign(new URL(answer.redirect_uri).pathname);
  return "You are logged in.";
}

async function add(options, section) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: fromText(options.challenge),
      user: { ...options.user, id: fromText(options.user.id) },
      excludeCredentials: options.excludeCredentials.map((item) => name(item.id)),
    },
  });
  await send("/passkeys", {
    form_token: section.dataset.token,
    label: section.querySelector("input").value,
    credential: spell(made, {
      clientDataJSON: toText(made.response.clientDataJSON),
      attestationObject: toText(made.response.attestationObject),
    }),
  });
  if (made.getClientExtensionResults().credProps?.rk === false) remember(made.id);
  return "Your passkey was added. You can close this page; to add another, open it again.";
}

function spell(made, response) {
  return { id: made.id, rawId: toText(made.rawId), type: made.type, response };
}

async function send(path, value) {
  const reply = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(value),
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error_description ?? answer.reason);
  return answer;
}

function explain(error) {
  if (error.name === "NotAllowedError") return "Nothing was done. Try again, or use another way.";
  if (error.name === "InvalidStateError") return "This device has a passkey of yours already.";
  return `This did not work: ${error.message}.`;
}

function remembered() {
  try {
    const found = JSON.parse(localStorage.getItem(REMEMBERED) ?? "[]");
    return found.filter((id) => /^[A-Za-z0-9_-]{1,1364}$/.test(id)).slice(-REMEMBERED_MAX);
  } catch {
    return []; // Spoilt, or not allowed by the browser: its own passkeys are found all the same.
  }
}

function remember(id) {
  try {
    const kept = [...remembered(), id].slice(-REMEMBERED_MAX);
    localStorage.setItem(REMEMBERED, JSON.stringify(kept));
  } catch {
    // Not allowed by the browser: this passkey is then of no use here, and can be removed.
  }
}

const name = (id) => ({ type: "public-key", id: fromText(id) });

function toText(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromText(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
