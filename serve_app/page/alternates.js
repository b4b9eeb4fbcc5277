/** Images of the catalogue that would do better, as cards. */

import { figures, linkToScale, noneShown } from "./candidates.js";
import { showPicture } from "./catalogue_image.js";
import { byId, element } from "./dom.js";
import { emphasise } from "./scale.js";
import { counted } from "./words.js";

const SCOPES = {
  "campaign type and industry": "made for this campaign type and industry",
  industry: "made for this industry",
  "whole catalogue": "in the whole catalogue",
};

/** Show them, best first; open(index) is called when one is chosen. */
export function showAlternates(answer, { lower, along, minBetter, filtered, open }) {
  const cards = answer.alternates.map((each, index) => cardOf(each, index, lower, along, open));
  byId("alternates").replaceChildren(...cards);
  byId("alternates").hidden = cards.length === 0;
  byId("alternates-note").textContent = noteOn(answer, minBetter, filtered);
}

/** What the image shows, for people. */
export const alternateName = (alternate) => alternate.class_name ?? alternate.file_name;

/** What else is known of it, in a line. */
export function alternateFacts({ class_name: name, make, vehicle_type: type, year }) {
  const known = String(name ?? "");
  return [make, type, year]
    .filter((fact) => fact != null && !known.includes(String(fact)))
    .join(" · ");
}

function noteOn({ alternates, considered, scope }, minBetter, filtered) {
  const where = `${counted(considered, "image")} ${SCOPES[scope] ?? scope}`;
  if (alternates.length > 0) return `The best ${alternates.length} of ${where}.`;
  const none = considered === 0 ? "No other image fits." : noneShown(`None of ${where}`, minBetter);
  return filtered ? `${none} Fewer filters would leave more to choose from.` : none;
}

function cardOf(alternate, index, lower, along, open) {
  const picture = element("img", { alt: "", loading: "lazy" });
  showPicture(picture, { path: alternate.image });
  const button = element(
    "button",
    { type: "button", class: "card", "data-index": index, onclick: () => open(index) },
    element("span", { class: "card-picture" }, picture),
    element("span", { class: "card-title" }, alternateName(alternate)),
    element("span", { class: "card-note muted" }, noteOf(alternate)),
    figures(alternate, lower, along),
  );
  return element("li", {}, linkToScale(button, "alternate", index, emphasise));
}

function noteOf(alternate) {
  const alike = alternate.similarity == null ? null : likeness(alternate.similarity);
  return [alternateFacts(alternate), alike].filter(Boolean).join(" · ") || "\u00a0";
}

function likeness(similarity) {
  if (similarity > 0.8) return "looks much like yours";
  if (similarity > 0.4) return "looks somewhat like yours";
  return "looks different";
}
