/** Every target's probability of the image, at a glance; choosing one asks about it. */

import { askJson } from "./api.js";
import { addTo, choices } from "./choices.js";
import { byId, element, place } from "./dom.js";
import { percent, range, words } from "./words.js";

let asking = null;
let shown = { subject: null, context: null, scores: null };

/** Show them for a subject in the present context; pick(target) is called when one is chosen. */
export async function showAllTargets(subject, lowerIsBetter, pick) {
  const context = [choices.campaign_type, choices.industry, choices.vehicle_type].join();
  asking?.abort(); // also where the answer is here already: a later one would replace it
  if (shown.subject !== subject || shown.context !== context) {
    asking = new AbortController();
    try {
      const scores = await score(subject, asking.signal);
      shown = { subject, context, scores };
    } catch (failure) {
      // Said already where it matters: the answer itself has failed as well, or is about to.
      if (failure.name !== "AbortError") byId("targets").replaceChildren();
      return;
    }
  }
  draw(shown.scores, lowerIsBetter, pick);
}

function score(subject, signal) {
  const form = addTo(new FormData());
  form.set("target", "all");
  subject.addTo(form);
  return askJson("v1/score", { form, signal });
}

function draw({ probabilities, intervals }, lowerIsBetter, pick) {
  const names = Object.keys(probabilities);
  if (names.length < 2) return byId("targets").replaceChildren();
  const focused = document.activeElement?.dataset.target;
  const rows = names.map((name) =>
    row(name, probabilities[name], intervals[name], lowerIsBetter, pick),
  );
  byId("targets").replaceChildren(
    element("h3", { class: "subtitle" }, "Every target"),
    element(
      "ul",
      { class: "targets", role: "list" },
      rows.map((each) => element("li", {}, each)),
    ),
  );
  if (focused) byId("targets").querySelector(`[data-target="${focused}"]`)?.focus();
}

function row(name, probability, interval, lowerIsBetter, pick) {
  const chosen = name === choices.target;
  const [low, high] = interval ?? [probability, probability];
  const bar = element("span", { class: "mini", "aria-hidden": "true" });
  return element(
    "button",
    {
      type: "button",
      class: "target",
      "data-target": name,
      title: range([low, high]),
      "aria-current": chosen && "true",
      onclick: () => pick(name),
    },
    element(
      "span",
      {},
      words(name),
      lowerIsBetter.includes(name) && element("span", { class: "muted" }, " ↓ lower is better"),
    ),
    element("strong", {}, percent(probability)),
    place(bar, { at: probability, from: low, to: high }),
  );
}
