/** Edits of the image that would do better, as a strip of pictures. */

import { figures, linkToScale, noneShown } from "./candidates.js";
import { byId, element } from "./dom.js";
import { emphasise } from "./scale.js";
import { counted, settings, technique } from "./words.js";

/** Show them, best first; open(index) is called when one is chosen. */
export function showEdits(answer, { lower, along, minBetter, open }) {
  const cards = answer.edits.map((edit, index) => cardOf(edit, index, lower, along, open));
  byId("edits").replaceChildren(...cards);
  byId("edits").hidden = cards.length === 0;
  byId("edits-note").textContent =
    cards.length > 0
      ? `${counted(cards.length, "edit")}, best first. Choose one to compare it with the original.`
      : noneShown("No edit", minBetter);
}

function cardOf(edit, index, lower, along, open) {
  const title = technique(edit.augmentation_class);
  const button = element(
    "button",
    { type: "button", class: "card", "data-index": index, onclick: () => open(index) },
    element("span", { class: "card-picture" }, element("img", { src: edit.image, alt: "" })),
    element("span", { class: "card-title" }, title),
    element("span", { class: "card-note muted" }, settings(edit.parameters) || "\u00a0"),
    figures(edit, lower, along),
  );
  return element("li", {}, linkToScale(button, "edit", index, emphasise));
}
