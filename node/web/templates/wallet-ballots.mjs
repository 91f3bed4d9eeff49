// The open votes on a wallet's page, and what each lets its member say: yes or no; an order of
// candidates; everybody whom they find acceptable; or votes for items that cost their square
// (governance/ballot_papers.py). Fields and buttons only, so that a keyboard does all of it.

import { Refused, need, sum } from "./encoding.mjs";
import { CHOICES } from "./wallet-messages.mjs";
import { find, make, paragraph } from "./wallet-view.mjs";

// For each method: what it asks, one field for each option, what stands in the fields as marks,
// and marks in words.
const RANKING = {
  ask: () =>
    "Write 1 beside the candidate whom you prefer most, 2 beside the next, and so on. Leave the" +
    " others empty.",
  field: ({ options }) => ({ type: "number", min: 1, max: options.length }),
  read(fields) {
    const ranks = fields.map((field) => Number(field.value)); // 0 where it is empty
    const order = ranks.flatMap((rank, number) => (rank > 0 ? [number] : []));
    order.sort((one, other) => ranks[one] - ranks[other]);
    const isOrder = order.every((number, place) => ranks[number] === place + 1);
    need(isOrder, "give each place once, from 1 on and without a gap");
    return order;
  },
  tell: (marks, options) => marks.map((mark, place) => `${place + 1}. ${options[mark].name}`),
};
const APPROVAL = {
  ask: () => "Tick everybody whom you find acceptable.",
  field: () => ({ type: "checkbox" }),
  read: (fields) => fields.flatMap((field, number) => (field.checked ? [number] : [])),
  tell: (marks, options) => marks.map((mark) => options[mark].name),
};
const QUADRATIC = {
  ask: ({ credits }) =>
    `Give items votes. You have ${credits} credits, and votes for one item cost their square:` +
    " 1 vote 1 credit, 2 votes 4, 3 votes 9.",
  field: ({ credits }) => ({ type: "number", min: 0, max: Math.floor(Math.sqrt(credits)) }),
  read(fields, { credits }) {
    const votes = fields.map((field) => Number(field.value));
    const cost = computeCost(votes);
    need(cost <= credits, `these votes cost ${cost} credits, and you have ${credits}`);
    return cost === 0 ? [] : votes;
  },
  tell: (marks, options) =>
    marks.flatMap((votes, number) => (votes > 0 ? [`${options[number].name}: ${votes}`] : [])),
};
const METHODS = { scottish_stv: RANKING, schulze: RANKING, approval: APPROVAL, quadratic: QUADRATIC };

/** The open votes; `onVote(proposal, choice, words)` when its member has decided. */
export function showVotes(proposals, ballots, onVote) {
  const shown = proposals.map((proposal) => {
    const group = make("div", { role: "group" });
    const heading = make("h3", { id: `vote-${proposal.id}` });
    heading.append(make("a", { href: `/proposals/${proposal.id}`, textContent: proposal.title }));
    group.setAttribute("aria-labelledby", heading.id);
    const cast = ballots.find((ballot) => ballot.proposal === proposal.id);
    group.append(heading);
    if (cast) group.append(paragraph(`You voted ${cast.choice}. A new ballot replaces it.`));
    const decide = (choice, words) => onVote(proposal, choice, words);
    group.append(proposal.paper ? makeForm(proposal, decide) : makeQuestion(decide));
    return group;
  });
  const none = paragraph("None is open now.");
  find("votes").replaceChildren(...(shown.length > 0 ? shown : [none]));
}

function makeQuestion(decide) {
  const spoken = [["yes", "Vote yes"], ["no", "Vote no"], ["abstain", "Abstain"]];
  const buttons = spoken.map(([choice, words]) => makeButton(choice, words, decide));
  return make("p", { className: "choices" }, ...buttons);
}

function makeForm({ id, title, paper }, decide) {
  const method = METHODS[paper.method];
  if (method === undefined) return paragraph("This wallet does not know how this vote is counted.");
  const fields = paper.options.map(({ number }) =>
    make("input", { ...method.field(paper), id: `mark-${id}-${number}` }),
  );
  const rows = paper.options.map(({ name }, at) => makeRow(fields[at], name));
  const status = make("p");
  status.setAttribute("role", "status");
  const form = make("form", {}, paragraph(method.ask(paper)), ...rows, status);
  form.setAttribute("aria-label", `Your ballot: ${title}`);
  const cast = make("button", { type: "submit", textContent: "Cast this ballot" });
  const abstain = makeButton("abstain", "Abstain", decide);
  form.append(make("p", { className: "choices" }, cast, abstain));
  if (method === QUADRATIC) {
    form.addEventListener("input", () => {
      const cost = computeCost(fields.map((field) => Number(field.value)));
      status.textContent = `These votes cost ${cost} of your ${paper.credits} credits.`;
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      const marks = method.read(fields, paper);
      need(marks.length > 0, "mark something, or abstain");
      decide(Uint8Array.from(marks), method.tell(marks, paper.options).join(", "));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      status.textContent = `This ballot is not cast: ${error.message}.`;
    }
  });
  return form;
}

function makeRow(field, name) {
  const label = make("label", { htmlFor: field.id, textContent: name });
  return field.type === "checkbox" ? make("p", {}, field, " ", label) : make("p", {}, label, field);
}

function makeButton(choice, words, decide) {
  const className = choice === "abstain" ? "plain" : "";
  const button = make("button", { type: "button", textContent: words, className });
  button.addEventListener("click", () => decide(CHOICES[choice], choice));
  return button;
}

function computeCost(votes) {
  return sum(votes.map((count) => count * count));
}
