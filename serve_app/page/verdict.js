/** The answer in large: the probability, its interval, and what to do about it. */

import { doesBetter, noneFound } from "./candidates.js";
import { byId, element } from "./dom.js";
import { listing, outcome, percent, range, technique, words } from "./words.js";

/**
 * Show the answer; lower: whether a lower probability is better; minBetter: how sure suggestions
 * are at least. Returns it as one sentence.
 */
export function showVerdict(answer, lower, minBetter) {
  const title = element(
    "h2",
    { id: "verdict-title", class: "verdict-title" },
    `Probability ${outcome(answer.target)}`,
    lower && element("span", { class: "chip" }, "lower is better"),
  );
  const advice = adviceOn(answer, lower, minBetter);
  byId("verdict").replaceChildren(
    title,
    element(
      "div",
      { class: "verdict-figures" },
      element("p", { class: "big" }, percent(answer.probability)),
      element("div", {}, intervalLine(answer), element("p", { class: "advice" }, advice)),
    ),
    ...warning(answer),
  );
  return `${words(answer.target)} ${percent(answer.probability)}. ${advice}`;
}

function intervalLine({ interval, campaign_type: campaign, industry }) {
  const certain = !interval || interval[0] === interval[1];
  const sure = certain ? "" : `${range(interval)} in nine of ten cases`;
  const context = `${campaign}, ${industry}`;
  return element(
    "p",
    { class: "muted" },
    ...(certain ? [] : [element("strong", { class: "interval" }, sure), " · "]),
    context,
  );
}

/** What would do better, in a sentence or two. */
function adviceOn({ edits, alternates }, lower, minBetter) {
  const verb = lower ? "lower" : "raise";
  const parts = [];
  const edit = bestOf(edits);
  if (edit) {
    const best = technique(edit.augmentation_class).toLowerCase();
    parts.push(`the best edit (${best}) would ${verb} it to ${percent(edit.probability)}`);
  }
  const alternate = bestOf(alternates);
  if (alternate) {
    parts.push(`the best catalogue image would reach ${percent(alternate.probability)}`);
  }
  if (parts.length === 0) return noneFound("Nothing that was tried", minBetter);
  const sentence = listing(parts);
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

/** Undefined where none does better; the first may be one that looks alike. */
const bestOf = (found) => found.filter(doesBetter).sort((a, b) => b.gain - a.gain)[0];

function warning({ out_of_domain: unlike, domain_distance: distance }) {
  if (!unlike) return [];
  const text =
    "This image is unlike those of the catalogue that the model has learned from " +
    `(distance ${distance.toFixed(2)}; theirs are below 1), so take the probability as a guess.`;
  return [element("p", { class: "warning" }, element("strong", {}, "Careful. "), text)];
}
