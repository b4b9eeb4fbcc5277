/** Several images of the user's, to see which of them does best. */

import { askJson } from "./api.js";
import { addTo } from "./choices.js";
import { byId, element } from "./dom.js";
import { percent } from "./words.js";

export const MOST = 32; // that the service scores at once

let shelf = [];
let asking = null;
let pick = null;

/** pickOne(subject): asks about another image of the shelf. */
export const offerShelf = (pickOne) => (pick = pickOne);

/** Put up to `MOST` images on the shelf; returns how many earlier ones made room for them. */
export function putOnShelf(subjects) {
  const all = [...shelf, ...subjects];
  const earlier = all.slice(0, -MOST);
  earlier.forEach((subject) => subject.release());
  shelf = all.slice(-MOST);
  return earlier.length;
}

/**
 * Show the shelf, best first, where there is more than one image on it.
 * current: the one that is asked about; rank: false where the service is too busy for the others.
 */
export async function showShelf(current, lowerIsBetter, { rank = true } = {}) {
  asking?.abort();
  const others = shelf.some((subject) => subject !== current);
  if (!others) return byId("shelf").replaceChildren();
  const look = { current, lowerIsBetter };
  draw(
    shelf.map((subject) => ({ subject })),
    look,
  );
  if (!rank) return;
  asking = new AbortController();
  try {
    draw(ranked(await scores(asking.signal), lowerIsBetter), look);
  } catch (failure) {
    if (failure.name !== "AbortError") console.info(failure.message); // the images are there, unranked
  }
}

async function scores(signal) {
  const form = addTo(new FormData());
  for (const { file, name } of shelf) form.append("images", file, name);
  const subjects = [...shelf];
  const { answers } = await askJson("v1/score:batch", { form, signal });
  return answers.map(({ score, error }, index) => ({ subject: subjects[index], score, error }));
}

function ranked(entries, lowerIsBetter) {
  const worth = ({ score }) =>
    score ? (lowerIsBetter ? -score.probability : score.probability) : -Infinity;
  return entries.sort((a, b) => worth(b) - worth(a));
}

function draw(entries, look) {
  const focused = document.activeElement?.closest("#shelf button")?.title;
  const clear = element(
    "button",
    { type: "button", class: "quiet", onclick: () => clearAllBut(look) },
    "Keep only this one",
  );
  byId("shelf").replaceChildren(
    element(
      "div",
      { class: "shelf-head" },
      element("h3", { class: "subtitle" }, `Your ${entries.length} images, best first`),
      clear,
    ),
    element(
      "ol",
      { class: "shelf", role: "list" },
      entries.map((entry) => element("li", {}, item(entry, look))),
    ),
  );
  if (focused)
    byId("shelf")
      .querySelector(`button[title="${CSS.escape(focused)}"]`)
      ?.focus();
}

function item({ subject, score, error }, { current }) {
  const figure = score ? percent(score.probability) : error ? "not readable" : "\u2026";
  return element(
    "button",
    {
      type: "button",
      class: "shelf-item",
      title: subject.name,
      "aria-current": subject === current && "true",
      onclick: () => pick(subject),
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
