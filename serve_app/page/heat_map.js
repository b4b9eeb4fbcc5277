/** The heat map on the image: where the encoder sees its evidence. */

import { askJson } from "./api.js";
import { addTo } from "./choices.js";
import { byId, element } from "./dom.js";
import { showPlain } from "./picture.js";
import { attribute, attributeValue } from "./words.js";

const button = byId("heat");
let asking = null;

/** Whether the heat map is wanted. */
export const wanted = () => button.getAttribute("aria-pressed") === "true";

/** subject(): what is asked about; failed(failure, again): shows what went wrong. */
export function offerHeatMap(subject, failed) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(!wanted()));
    refreshHeatMap(subject(), failed);
  });
}

/** Show or hide it, as wanted, for a subject and the present question. */
export async function refreshHeatMap(subject, failed) {
  asking?.abort();
  asking = new AbortController();
  if (!wanted()) return hide(subject);
  const form = addTo(new FormData());
  subject.addTo(form);
  button.setAttribute("aria-busy", "true");
  try {
    show(await askJson("v1/heatmap", { form, signal: asking.signal }));
  } catch (error) {
    if (error.name === "AbortError") return;
    button.setAttribute("aria-pressed", "false");
    hide(subject);
    failed(error);
  }
  button.removeAttribute("aria-busy");
}

function show({ image, attribute: name, class_name: value }) {
  byId("shown-image").src = image;
  const of = name ? `${attribute(name)}: ${attributeValue(name, value)}` : "the prediction";
  byId("heat-note").replaceChildren(
    element("span", {}, `Where the evidence is, of ${of}.`),
    element("span", { class: "legend" }, "little", element("span", { class: "legend-bar" }), "much"),
  );
  byId("heat-note").hidden = false;
}

function hide(subject) {
  byId("heat-note").hidden = true;
  if (subject) showPlain(subject);
}
