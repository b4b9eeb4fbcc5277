/** The heat map on the image: where the encoder sees an attribute. */

import { askJson } from "./api.js";
import { showPicture } from "./catalogue_image.js";
import { byId, element } from "./dom.js";
import { showPlain } from "./picture.js";
import { attribute, attributeValue } from "./words.js";

const toggle = byId("heat");
const list = byId("heat-attribute");
const state = { subject: null, failed: null, asking: null };

const wanted = () => toggle.getAttribute("aria-pressed") === "true";

/** failed(failure, again): shows what went wrong. */
export function offerHeatMap(failed) {
  state.failed = failed;
  toggle.addEventListener("click", () => {
    toggle.setAttribute("aria-pressed", String(!wanted()));
    refresh();
  });
  list.addEventListener("change", refresh);
}

/** The image has changed: what is on it is of another one. */
export function forgetHeatMap() {
  state.asking?.abort();
  state.subject = null;
  byId("heat-note").hidden = true;
}

/** What was seen in a subject is known: offer where, beginning with what matters most. */
export function offerAttributes(subject, { attributes_seen: seen, contributions }) {
  const names = Object.keys(seen);
  byId("heat-tools").hidden = names.length === 0;
  if (subject === state.subject) return; // another question about the same image
  const kept =
    names.includes(list.value) && wanted() ? list.value : mostImportant(names, contributions);
  list.replaceChildren(...names.map((value) => element("option", { value }, attribute(value))));
  list.value = kept;
  state.subject = subject;
  if (wanted()) refresh();
}

function mostImportant(names, contributions) {
  const strongest = (contributions ?? [])
    .filter(({ group }) => names.includes(group))
    .sort((a, b) => Math.abs(b.log_odds) - Math.abs(a.log_odds));
  return strongest[0]?.group ?? names[0];
}

/** Show or hide it, as wanted. */
async function refresh() {
  const { subject } = state;
  state.asking?.abort();
  if (!subject) return;
  byId("heat-which").hidden = !wanted() || list.options.length < 2;
  if (!wanted()) return hide(subject);
  const asking = (state.asking = new AbortController());
  const form = new FormData();
  form.append("attribute", list.value);
  subject.addTo(form);
  toggle.setAttribute("aria-busy", "true");
  try {
    show(await askJson("v1/heatmap", { form, signal: asking.signal }));
  } catch (failure) {
    if (failure.name === "AbortError") return;
    state.failed(failure, refresh);
  }
  toggle.removeAttribute("aria-busy");
}

function show({ image, attribute: name, class_name: value }) {
  showPicture(byId("shown-image"), { url: image });
  byId("heat-note").replaceChildren(
    element(
      "span",
      {},
      `Where the model sees ${attribute(name).toLowerCase()} “${attributeValue(name, value)}”.`,
    ),
    element(
      "span",
      { class: "legend" },
      "little",
      element("span", { class: "legend-bar" }),
      "much",
    ),
  );
  byId("heat-note").hidden = false;
}

function hide(subject) {
  byId("heat-note").hidden = true;
  showPlain(subject);
}
