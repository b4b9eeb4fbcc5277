/** What edits and catalogue images have in common on their cards. */

import { element, place } from "./dom.js";
import { certainty, percent, points, range } from "./words.js";

const LEAST_SURE = 0.5; // of what is expected to be better at all

/** The change of probability: `+9.1 points`; for lower-is-better targets a gain is a fall. */
export function changeOf({ gain, probability }, lower) {
  const change = points(lower ? -gain : gain, probability);
  return change ? `${change} points` : "about the same";
}

/** Whether it does so much better that it shows. */
export const doesBetter = ({ gain, probability }) => points(gain, probability) !== null;

/** That nothing was found; none: `No edit`. */
export function noneFound(none, minBetter) {
  const sure = minBetter > LEAST_SURE ? `at least ${percent(minBetter)} sure` : "expected";
  return `${none} is ${sure} to do better.`;
}

/** The same, with where to find more. */
export function noneShown(none, minBetter) {
  const hint = " Lower “Sure to be better” to see what is less sure.";
  return noneFound(none, minBetter) + (minBetter > LEAST_SURE ? hint : "");
}

/** How sure it is that it does better, or null where the service does not say. */
function sureness({ probability_better: sure }) {
  return sure == null ? null : `${certainty(sure)} sure`;
}

/** Probability, change and sureness, with the interval along the shared scale. */
export function figures(candidate, lower, along) {
  const { probability, interval } = candidate;
  return element(
    "span",
    { class: "figures" },
    element(
      "span",
      { class: "figures-first" },
      element("strong", {}, percent(probability)),
      element(
        "span",
        { class: doesBetter(candidate) ? "change" : "small muted" },
        changeOf(candidate, lower),
      ),
    ),
    interval && bar(candidate, along),
    element(
      "span",
      { class: "figures-last muted" },
      interval && element("span", {}, range(interval)),
      element("span", {}, sureness(candidate)),
    ),
  );
}

function bar({ probability, interval: [low, high] }, along) {
  const values = { at: along(probability), from: along(low), to: along(high) };
  return place(element("span", { class: "mini", "aria-hidden": "true" }), values);
}

/** Where the candidate is emphasised on the scale while its card is looked at. */
export function linkToScale(card, kind, index, emphasise) {
  for (const event of ["mouseenter", "focus"]) {
    card.addEventListener(event, () => emphasise(kind, index));
  }
  for (const event of ["mouseleave", "blur"]) card.addEventListener(event, () => emphasise(null));
  return card;
}
