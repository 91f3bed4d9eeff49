// On the page of a login: proves with the wallet of this browser, with one press, who is here.
// Without a wallet here, or without scripts, that page's other ways are there.

import { Refused } from "./encoding.mjs";
import { answerLogin, findNext } from "./wallet-access.mjs";
import { presentCredential } from "./wallet-credentials.mjs";
import { fetchLogin, loadWallet } from "./wallet-node.mjs";
import { sentence } from "./wallet-view.mjs";

offer(document.getElementById("wallet-use"));

/** The part of the login's page for the wallet of this browser; hidden where there is none. */
async function offer(section) {
  const wallet = await loadWallet().catch(() => null); // some private windows keep nothing
  if (wallet === null) return;
  section.hidden = false;
  const { login } = section.dataset;
  press(section, "wallet-sign", async () => {
    return answerLogin(await fetchLogin(login, wallet.home), wallet);
  });
  if (!wallet.membership || document.getElementById("wallet-show") === null) return;
  document.getElementById("wallet-show").hidden = false;
  press(section, "wallet-show", async () => {
    const path = new URL(login).pathname.replace("/login/", "/openid4vp/");
    return findNext(await presentCredential(path, wallet.membership), wallet);
  });
}

/** At a press, do what leads on; a refusal is said beside the button. */
function press(section, id, act) {
  const [buttons, status] = [section.querySelectorAll("button"), section.querySelector("[role]")];
  document.getElementById(id).addEventListener("click", async () => {
    for (const button of buttons) button.disabled = true;
    status.textContent = "Signing …";
    try {
      location.assign(await act());
    } catch (error) {
      const why = error instanceof Refused ? error.message : `this browser cannot (${error.message})`;
      status.textContent = sentence(why);
      for (const button of buttons) button.disabled = false;
    }
  });
}
