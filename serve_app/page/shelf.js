/** Several images of the user's, to see which of them does best. */

import { byId, element } from "./dom.js";
import { findScores, forgetOutdated, isKnown, knownOf } from "./shelf_scores.js";
import { percent } from "./words.js";

let shelf = [];
let shown = null; // which image is asked about, and what is better
const service = { batch: null, pick: null };

/** batch: what the service scores at once; pick(subject): asks about another image of the shelf. */
export const offerShelf = (batch, pick) => Object.assign(service, { batch, pick });

/** Put as many images as are scored at once on the shelf; returns how many earlier made room. */
export function putOnShelf(subjects) {
  const most = service.batch.max_files;
  const all = [...shelf, ...subjects];
  const earlier = all.slice(0, -most);
  earlier.forEach((subject) => subject.release());
  shelf = all.slice(-most);
  return earlier.length;
}

/**
 * Show the shelf, best first, where there is more than one image on it.
 * current: the one that is asked about; bundle: of its answer; rank: false where the service is too
 * busy for the others.
 */
export async function showShelf(current, lowerIsBetter, { rank = true, bundle } = {}) {
  shown = { current, lowerIsBetter };
  const others = shelf.some((subject) => subject !== current);
  if (!others) return byId("shelf").replaceChildren();
  forgetOutdated(bundle);
  draw(shown);
  if (rank && !shelf.every(isKnown)) await rankShelf(shown);
}

async function rankShelf(look) {
  let failure = null;
  try {
    await findScores(shelf, service.batch);
  } catch (error) {
    failure = error;
  }
  if (look === shown) draw({ ...look, failure }); // else something else is shown by now
}

function bestFirst({ lowerIsBetter }) {
  const worth = ({ score }) =>
    score ? (lowerIsBetter ? -score.probability : score.probability) : -Infinity;
  const entries = shelf.map((subject) => ({ subject, ...knownOf(subject) }));
  return entries.sort((a, b) => worth(b) - worth(a));
}

function draw(look) {
  const focused = document.activeElement?.closest("#shelf button");
  const along = byId("shelf").querySelector(".shelf")?.scrollLeft ?? 0; // on a phone it is a strip
  const entries = bestFirst(look);
  byId("shelf").replaceChildren(
    element(
      "div",
      { class: "shelf-head" },
      element("h3", { class: "subtitle", tabindex: -1 }, titleOf(entries, look)),
      look.failure?.passes && tryAgainButton(),
      shelf.includes(look.current) && clearButton(look), // of the catalogue none can be kept
    ),
    element("p", { class: "small", role: "status" }, look.failure?.message ?? ""),
    element(
      "ol",
      { class: "shelf", role: "list" },
      entries.map((entry) => element("li", {}, item(entry, look))),
    ),
  );
  byId("shelf").querySelector(".shelf").scrollLeft = along;
  if (focused) focusOn(nameOf(focused));
}

const nameOf = (button) => button.title || button.textContent;

/** The button that had the focus has it again, or, where there is none any more, the title. */
function focusOn(name) {
  const buttons = [...byId("shelf").querySelectorAll("button")];
  const same = buttons.find((button) => nameOf(button) === name);
  (same ?? byId("shelf").querySelector(".subtitle")).focus();
}

function tryAgainButton() {
  const onclick = ({ currentTarget: button }) => {
    if (button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true"); // disabled, it would lose the focus
    rankShelf(shown);
  };
  return element("button", { type: "button", class: "quiet", onclick }, "Try again");
}

const clearButton = (look) =>
  element(
    "button",
    { type: "button", class: "quiet keep", onclick: () => clearAllBut(look) },
    "Keep only this one",
  );

function titleOf(entries, { failure }) {
  const { length } = entries;
  if (length === 1) return "Your image";
  const unknown = entries.filter(({ score, error }) => !score && !error).length;
  const ranked = unknown < length && "best first";
  const missing = unknown > 0 && (ranked ? `${unknown} not ranked` : "not ranked");
  const state = unknown === 0 || failure ? [ranked, missing] : [];
  return [`Your ${length} images`, ...state].filter(Boolean).join(", ");
}

function item({ subject, score, error }, { current, failure }) {
  const missing = error ? "not readable" : failure ? "not known" : "\u2026";
  const figure = score ? percent(score.probability) : missing;
  return element(
    "button",
    {
      type: "button",
      class: "shelf-item",
      title: subject.name,
      "aria-current": subject === current && "true",
      onclick: () => service.pick(subject),
    },
    element("img", { src: subject.url, alt: "" }),
    element("span", { class: "name" }, subject.name),
    element("strong", {}, figure),
  );
}

function clearAllBut({ current, lowerIsBetter }) {
  shelf.filter((subject) => subject !== current).forEach((subject) => subject.release());
  shelf = shelf.filter((subject) => subject === current);
  showShelf(current, lowerIsBetter);
  byId("change").focus();
}
