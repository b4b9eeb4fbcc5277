/** Several images of the user's, to see which of them does best. */

import { askJson, isReadable } from "./api.js";
import { addTo } from "./choices.js";
import { byId, element } from "./dom.js";
import { percent } from "./words.js";

let shelf = [];
let asking = null;
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
 * current: the one that is asked about; rank: false where the service is too busy for the others.
 */
export async function showShelf(current, lowerIsBetter, { rank = true } = {}) {
  asking?.abort();
  const others = shelf.some((subject) => subject !== current);
  if (!others) return byId("shelf").replaceChildren();
  const unranked = shelf.map((subject) => ({ subject }));
  const look = { current, lowerIsBetter };
  draw(unranked, look);
  if (!rank) return;
  asking = new AbortController();
  try {
    draw(ranked(await scores(asking.signal), lowerIsBetter), { ...look, state: "best first" });
  } catch (failure) {
    if (failure.name === "AbortError") return;
    draw(unranked, { ...look, state: "not ranked", why: failure.message });
  }
}

/**
 * The scores of the whole shelf, asked for in one request after another. A file that has changed on
 * disk would make a request fail, and with it the others.
 */
async function scores(signal) {
  const subjects = [...shelf];
  const there = await Promise.all(subjects.map(({ file }) => isReadable(file)));
  signal.throwIfAborted();
  const found = [];
  for (const part of parts(subjects.filter((_, index) => there[index]))) {
    found.push(...(await scoresOf(part, signal)));
  }
  const gone = subjects.filter((_, index) => !there[index]);
  return [...found, ...gone.map((subject) => ({ subject, error: "gone" }))];
}

/** As many subjects in each as one request may hold. */
function parts(subjects) {
  const most = service.batch.max_bytes;
  const made = [];
  let held = Infinity;
  for (const subject of subjects) {
    if (held + subject.file.size > most) {
      made.push([]);
      held = 0;
    }
    made.at(-1).push(subject);
    held += subject.file.size;
  }
  return made;
}

async function scoresOf(subjects, signal) {
  const form = addTo(new FormData());
  for (const { file, name } of subjects) form.append("images", file, name);
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
  byId("shelf").replaceChildren(
    element(
      "div",
      { class: "shelf-head" },
      element("h3", { class: "subtitle" }, titleOf(entries, look)),
      shelf.includes(look.current) && clearButton(look), // of the catalogue none can be kept
    ),
    element("p", { class: "small", role: "status" }, look.why ?? ""),
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

const clearButton = (look) =>
  element(
    "button",
    { type: "button", class: "quiet", onclick: () => clearAllBut(look) },
    "Keep only this one",
  );

function titleOf({ length }, { state }) {
  if (length === 1) return "Your image";
  return [`Your ${length} images`, state].filter(Boolean).join(", ");
}

function item({ subject, score, error }, { current, why }) {
  const missing = error ? "not readable" : why ? "not known" : "\u2026";
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
