/** The controls of what is suggested: how many, how sure, which, how alike and how varied. */

import { choices, choose, refinementDefaults } from "./choices.js";
import { byId, element } from "./dom.js";
import { filterButton, filters, showFiltersSet } from "./filters.js";

const PAUSE_MS = 250; // after the last change by a slider or a key

const form = byId("refine");

/** Make the controls; `changed()` is called a moment after a change. */
export function offerRefinements(accepted, changed) {
  form.replaceChildren(
    element(
      "div",
      { class: "refine-row" },
      countField(accepted.max_k),
      slider("min_better", "Sure to be better", (value) => `≥ ${asPercent(value)}`),
      slider("similarity", "Catalogue: like mine", scaleOf("any", "above all")),
      slider("diversity", "Catalogue: variety", scaleOf("any", "most")),
      filterButton(),
    ),
    filters(accepted),
  );
  showRefinements();
  listen(changed);
}

/** Show the choices in the controls. */
export function showRefinements() {
  for (const control of form.elements) {
    const value = choices[control.name];
    if (control.type === "checkbox") control.checked = value.includes(control.value);
    else if (value !== undefined) control.value = value;
  }
  describe();
}

function listen(changed) {
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, PAUSE_MS);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    if (!target.checkValidity()) return;
    choose(valueOf(target));
    describe();
    later();
  });
  form.querySelector(".reset").addEventListener("click", () => {
    resetRefinements();
    changed();
  });
}

/** Every control as it is at first. */
export function resetRefinements() {
  choose(refinementDefaults());
  showRefinements();
}

function valueOf({ name, type, value }) {
  if (type === "checkbox") {
    const ticked = [...form.elements].filter((each) => each.name === name && each.checked);
    return { [name]: ticked.map((each) => each.value) };
  }
  return { [name]: type === "range" || name === "k" ? Number(value) : value.trim() };
}

function countField(most) {
  const limits = { min: 1, max: most, step: 1, inputmode: "numeric", required: true };
  return element(
    "label",
    { class: "field narrow" },
    "Show up to",
    element("input", { type: "number", name: "k", ...limits }),
  );
}

const describers = {};

function slider(name, label, describeValue) {
  describers[name] = describeValue;
  const id = `refine-${name}`;
  // A label around both would be the output's.
  return element(
    "div",
    { class: "field slider" },
    element(
      "span",
      { class: "slider-label" },
      element("label", { for: id }, label),
      element("output", { for: id, "data-of": name }),
    ),
    element("input", { type: "range", id, name, min: 0, max: 1, step: 0.05 }),
  );
}

function describe() {
  for (const output of form.querySelectorAll("output")) {
    const name = output.dataset.of;
    output.textContent = describers[name](choices[name]);
    form.elements[name].setAttribute("aria-valuetext", output.textContent);
  }
  showFiltersSet();
}

function asPercent(value) {
  return `${Math.round(value * 100)}%`;
}

/** Words at both ends of a slider, a percentage between. */
function scaleOf(least, most) {
  return (value) => (value === 0 ? least : value === 1 ? most : asPercent(value));
}
