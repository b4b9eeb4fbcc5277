/** The question: target, campaign type, industry and vehicle type. */

import { byId, element } from "./dom.js";
import { QUESTION, choices, choose } from "./choices.js";
import { words } from "./words.js";

const form = byId("question");

/** Fill the lists with what the service accepts; `changed()` is called after every change. */
export function offerQuestion(accepted, changed) {
  const lower = new Set(accepted.lower_is_better);
  const targetLabel = (name) => words(name) + (lower.has(name) ? " (lower is better)" : "");
  fill("target", accepted.targets, targetLabel);
  fill("campaign_type", accepted.campaign_types);
  fill("industry", accepted.industries);
  fill("vehicle_type", accepted.vehicle_types ?? []);
  showQuestion();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    choose({ [event.target.name]: event.target.value });
    changed();
  });
}

/** Show the choices; one that the service does not accept becomes the first that it does. */
export function showQuestion() {
  for (const name of QUESTION) {
    const select = form.elements[name];
    select.value = choices[name];
    if (select.selectedIndex < 0) select.selectedIndex = 0;
    choose({ [name]: select.value });
  }
}

function fill(name, values, label = (value) => value) {
  const options = values.map((value) => element("option", { value }, label(value)));
  form.elements[name].append(...options);
}
