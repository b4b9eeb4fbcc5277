/** Where the image and what would do better are along one scale of probability. */

import { byId, element, place } from "./dom.js";
import { percent } from "./words.js";

const STEPS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
const MOST_TICKS = 7;

/**
 * Draw it. open(kind, index): called when a mark is clicked. Returns `along`, which gives a
 * probability's place from 0 to 1.
 */
export function showScale(answer, lower, open) {
  const { start, end, ticks } = domainOf(answer);
  const along = (value) => Math.min(1, Math.max(0, (value - start) / (end - start)));
  const marks = (kind, found) =>
    found.map((each, index) => markOf(kind, index, each, along, open)).reverse(); // best on top
  byId("scale").replaceChildren(
    element(
      "div",
      { class: "scale", role: "img", "aria-label": describe(answer, lower) },
      place(element("div", { class: "now" }), { at: along(answer.probability) }),
      lane("This image", upload(answer, along)),
      lane("Edits", marks("edit", answer.edits)),
      lane("Catalogue", marks("alternate", answer.alternates)),
      axis(ticks, along),
      element("p", { class: "direction" }, lower ? "← better" : "better →"),
    ),
  );
  return along;
}

/** Emphasise the mark of a candidate, with its interval; null: of none. */
export function emphasise(kind, index) {
  for (const mark of document.querySelectorAll(".scale .candidate")) {
    const chosen = mark.dataset.kind === kind && Number(mark.dataset.index) === index;
    mark.classList.toggle("emphasised", chosen);
  }
}

function lane(label, marks) {
  return element(
    "div",
    { class: "lane" },
    element("span", { class: "lane-label" }, label),
    element("div", { class: "lane-track" }, marks),
  );
}

function upload({ probability, interval }, along) {
  const [low, high] = interval ?? [probability, probability];
  const band = place(element("span", { class: "band" }), { from: along(low), to: along(high) });
  const dot = place(element("span", { class: "mark upload" }), { at: along(probability) });
  return [band, dot];
}

function markOf(kind, index, candidate, along, open) {
  const { probability, interval } = candidate;
  const [low, high] = interval ?? [probability, probability];
  const made = element(
    "span",
    {
      class: "candidate",
      "data-kind": kind,
      "data-index": index,
      title: percent(probability),
      onclick: () => open(kind, index),
    },
    element("span", { class: "whisker" }),
    element("span", { class: `mark ${kind}` }),
  );
  made.addEventListener("mouseenter", () => emphasise(kind, index));
  made.addEventListener("mouseleave", () => emphasise(null));
  return place(made, { at: along(probability), from: along(low), to: along(high) });
}

function axis(ticks, along) {
  const marks = ticks.map((tick) =>
    place(element("span", { class: "tick" }, percent(tick)), { at: along(tick) }),
  );
  return element("div", { class: "axis" }, marks);
}

/** Round ends around everything that is drawn, and the round numbers between. */
function domainOf({ probability, interval, edits, alternates }) {
  const values = [probability, ...(interval ?? [])];
  for (const found of [...edits, ...alternates])
    values.push(found.probability, ...(found.interval ?? []));
  const low = Math.min(...values);
  const high = Math.max(...values);
  const step = STEPS.find((size) => (high - low) / size <= MOST_TICKS) ?? STEPS.at(-1);
  const first = Math.max(0, Math.floor(low / step));
  const last = Math.min(Math.round(1 / step), Math.max(first + 1, Math.ceil(high / step)));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { start: ticks[0], end: ticks.at(-1), ticks };
}

function describe({ probability, edits, alternates }, lower) {
  const best = (name, found) =>
    found.length > 0
      ? `, ${name} from ${percent(found[0].probability)} to ${percent(found.at(-1).probability)}`
      : "";
  return (
    `Scale of probability, ${lower ? "lower" : "higher"} is better: this image at ` +
    `${percent(probability)}${best("edits", edits)}${best("catalogue images", alternates)}`
  );
}
