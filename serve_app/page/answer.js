/** An answer on the page: every part of it, drawn from one reply of the service. */

import { showAlternates } from "./alternates.js";
import { choices, filtersSet } from "./choices.js";
import { compareAlternate, compareEdit } from "./comparison.js";
import { byId } from "./dom.js";
import { showEdits } from "./edits.js";
import { offerMakes } from "./filters.js";
import { showScale } from "./scale.js";
import { showVerdict } from "./verdict.js";
import { showSeen, showWhy } from "./why.js";
import { percent, words } from "./words.js";

/** Show it. lower: a lower probability is better; askInstead(alternate): ask about that one. */
export function showAnswer(answer, subject, lower, askInstead) {
  const shown = { answer, subject, lower };
  const open = {
    edit: (index) => compareEdit(shown, index),
    alternate: (index) => compareAlternate(shown, index, askInstead),
  };
  byId("waiting").hidden = true;
  byId("answer").hidden = false;
  const minBetter = choices.min_better;
  const sentence = showVerdict(answer, { lower, minBetter, card: subject.card });
  const along = showScale(answer, lower, (kind, index) => open[kind](index));
  const look = { lower, along, minBetter, filtered: filtersSet() > 0 };
  showEdits(answer, { ...look, open: open.edit });
  showAlternates(answer, { ...look, open: open.alternate });
  showSeen(answer);
  showWhy(answer, lower);
  offerMakes(answer.alternates);
  byId("bundle").textContent = answer.bundle;
  byId("announcement").textContent = sentence;
  document.title = `${percent(answer.probability)} ${words(answer.target)} · emailimg`;
}

/** The answer is about another image: nothing of it stays. */
export function clearAnswer() {
  byId("answer").hidden = true;
  byId("waiting").hidden = true;
  for (const part of ["seen", "why", "targets"]) byId(part).replaceChildren();
  byId("heat-tools").hidden = true;
  byId("announcement").textContent = "";
  document.title = "emailimg";
}

/** While the first answer is on its way, its outline keeps its place. */
export function showWaiting(busy) {
  byId("waiting").hidden = !busy || !byId("answer").hidden;
  byId("progress").hidden = !busy;
  byId("result").setAttribute("aria-busy", String(busy));
  document.body.classList.toggle("asking", busy);
}
