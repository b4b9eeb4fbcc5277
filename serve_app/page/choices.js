/** What is asked and how suggestions are chosen; remembered in the URL's hash. */

const DEFAULTS = {
  target: "",
  campaign_type: "",
  industry: "",
  vehicle_type: "",
  image_id: "",
  k: 6,
  min_better: 0.8,
  only_vehicle_types: [],
  year_from: "",
  year_to: "",
  make: "",
  similarity: 0,
  diversity: 0,
};

export const QUESTION = ["target", "campaign_type", "industry", "vehicle_type"];
const FILTERS = ["only_vehicle_types", "year_from", "year_to", "make"];
const REFINEMENTS = ["k", "min_better", ...FILTERS, "similarity", "diversity"];

/** The present choices; change them by `choose` only. */
export const choices = read(location.hash);

/** Change some choices and remember them. */
export function choose(changed) {
  Object.assign(choices, changed);
  const hash = write(choices);
  if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
}

/** Take the choices of an address that was typed or followed. */
export const chooseFromAddress = () => Object.assign(choices, read(location.hash));

/** What is asked of any image, as one text: scores of the same question are the same. */
export const questionAsked = () => QUESTION.map((name) => choices[name]).join("\n");

/** How many filters are set. */
export const filtersSet = () => FILTERS.filter((name) => isSet(name, choices[name])).length;

/** Whether anything is refined. */
export const isRefined = () => REFINEMENTS.some((name) => isSet(name, choices[name]));

/** Every refinement as it is at first. */
export const refinementDefaults = () =>
  Object.fromEntries(REFINEMENTS.map((name) => [name, DEFAULTS[name]]));

/** Add the question, and with `refined` what is suggested, to a form for the service. */
export function addTo(form, { refined = false } = {}) {
  for (const name of refined ? [...QUESTION, ...REFINEMENTS] : QUESTION) {
    const value = choices[name];
    if (Array.isArray(value)) value.forEach((item) => form.append(name, item));
    else if (value !== "") form.append(name, value);
  }
  return form;
}

function isSet(name, value) {
  return String(value) !== String(DEFAULTS[name]);
}

function read(hash) {
  const found = new URLSearchParams(hash.replace(/^#/, ""));
  const entries = Object.entries(DEFAULTS).map(([name, byDefault]) => {
    const text = found.get(name);
    if (text === null) return [name, structuredClone(byDefault)];
    if (Array.isArray(byDefault)) return [name, text.split(",").filter(Boolean)];
    if (typeof byDefault !== "number") return [name, text];
    return [name, Number.isFinite(Number(text)) ? Number(text) : byDefault];
  });
  return Object.fromEntries(entries);
}

function write(values) {
  const kept = Object.entries(values).filter(([name, value]) => isSet(name, value));
  const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return text ? `#${text}` : "";
}
