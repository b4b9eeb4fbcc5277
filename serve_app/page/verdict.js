/** The answer in large: the probability, its interval, and what to do about it. */

import { doesBetter, noneFound } from "./candidates.js";
import { questionAsked } from "./choices.js";
import { byId, element } from "./dom.js";
import { listing, outcome, percent, range, technique, words } from "./words.js";

/**
 * Show the answer; lower: whether a lower probability is better; minBetter: how sure suggestions
 * are at least; card: of a suggested image, what its card said. Returns it as one sentence.
 */
export function showVerdict(answer, { lower, minBetter, card }) {
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
      element(
        "div",
        {},
        intervalLine(answer),
        cardLine(answer, card),
        element("p", { class: "advice" }, advice),
      ),
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

/** Why the card said something else: suggestions are shrunk, and an image alone is not. */
function cardLine({ probability }, card) {
  if (card?.question !== questionAsked()) return null; // there is none, or it was another question
  const said = percent(card.probability);
  if (said === percent(probability)) return null;
  return element(
    "p",
    { class: "small muted card-said" },
    `Its card said ${said}, which is the safer figure: the best of many candidates looks better ` +
      "than it is, so cards are drawn towards the average.",
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
