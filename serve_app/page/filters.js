/** Which catalogue images may be suggested. */

import { filtersSet } from "./choices.js";
import { byId, element } from "./dom.js";

/** Shows and hides the filters. */
export function filterButton() {
  const open = filtersSet() > 0;
  const onclick = ({ currentTarget: button }) => {
    byId("filters").hidden = !byId("filters").hidden;
    button.setAttribute("aria-expanded", String(!byId("filters").hidden));
  };
  const attributes = {
    type: "button",
    class: "button",
    "aria-expanded": String(open),
    "aria-controls": "filters",
    onclick,
  };
  return element("button", attributes, "Filters", element("span", { id: "filters-set" }));
}

/** The filters themselves; open where one is set. */
export function filters({ vehicle_types: types }) {
  const boxes = types.map((type) =>
    element(
      "label",
      { class: "choice" },
      element("input", { type: "checkbox", name: "only_vehicle_types", value: type }),
      type,
    ),
  );
  return element(
    "div",
    { id: "filters", class: "filters", hidden: filtersSet() === 0 },
    element(
      "fieldset",
      {},
      element("legend", {}, "Only these vehicle types"),
      element("div", { class: "choices" }, boxes),
    ),
    element(
      "div",
      { class: "refine-row" },
      year("year_from", "From year"),
      year("year_to", "To year"),
      element(
        "label",
        { class: "field" },
        "Make",
        element("input", { name: "make", list: "makes", autocomplete: "off" }),
      ),
      element("datalist", { id: "makes" }),
      element("button", { type: "button", class: "button reset" }, "Reset all"),
    ),
  );
}

function year(name, label) {
  const limits = { min: 1900, max: 2100, step: 1, inputmode: "numeric" };
  return element(
    "label",
    { class: "field narrow" },
    label,
    element("input", { type: "number", name, ...limits }),
  );
}

/** Say on the button how many are set. */
export function showFiltersSet() {
  const set = filtersSet();
  byId("filters-set").textContent = set > 0 ? ` (${set})` : "";
}

/** Offer the makes that have been seen, for typing. */
export function offerMakes(alternates) {
  const list = byId("makes");
  const known = new Set([...list.options].map((option) => option.value));
  const found = new Set(
    alternates.map((each) => each.make).filter((make) => make && !known.has(make)),
  );
  list.append(...[...found].map((value) => element("option", { value })));
}
