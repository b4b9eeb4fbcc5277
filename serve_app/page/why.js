/** Why the probability is what it is: what multiplies the odds of success, and what was seen. */

import { byId, element, place } from "./dom.js";
import { attribute, attributeValue, percent } from "./words.js";

const NO_EFFECT = 0.02; // in log-odds: a fiftieth more or less
const KINDS = {
  attribute: "In the picture",
  context: "Where it is sent",
  calibration: "Correction",
};

/** The attributes that the encoder sees. */
export function showSeen({ attributes_seen: seen }) {
  const chips = Object.entries(seen).map(([name, value]) =>
    element(
      "li",
      {},
      element("span", { class: "muted" }, attribute(name)),
      " ",
      attributeValue(name, value),
    ),
  );
  byId("seen").replaceChildren(
    element("h3", { class: "subtitle" }, "Seen in it"),
    element("ul", { class: "chips", role: "list" }, chips),
  );
}

/** The contributions as bars, from where the model starts to the probability. */
export function showWhy(answer, lower) {
  const { contributions, base_log_odds: base } = answer;
  byId("why").replaceChildren(
    ...(contributions?.length ? table(contributions, base, lower, answer) : []),
  );
}

function table(contributions, base, lower, { probability }) {
  const widest = Math.max(...contributions.map((each) => Math.abs(each.log_odds)), Math.log(1.5));
  const telling = contributions.filter((each) => each.value != null || !isNothing(each));
  const bodies = Object.keys(KINDS).map((kind) => {
    const rows = telling.filter((each) => each.kind === kind);
    return rows.length > 0 && body(kind, rows, widest, lower);
  });
  const started = base == null ? "" : `On average ${percent(1 / (1 + Math.exp(-base)))}; here `;
  return [
    element("h3", { class: "subtitle" }, `Why ${percent(probability)}`),
    element("p", { class: "small muted" }, `${started}each of these multiplies the odds:`),
    element(
      "table",
      { class: "why" },
      element(
        "thead",
        { class: "visually-hidden" },
        element(
          "tr",
          {},
          ...["What", "Direction", "Odds times"].map((text) =>
            element("th", { scope: "col" }, text),
          ),
        ),
      ),
      bodies,
    ),
  ];
}

const isNothing = ({ log_odds: logOdds }) => Math.abs(logOdds) < NO_EFFECT;

function body(kind, rows, widest, lower) {
  const heading = element(
    "tr",
    { class: "kind" },
    element("th", { colspan: 3, scope: "rowgroup" }, KINDS[kind]),
  );
  return element(
    "tbody",
    {},
    heading,
    rows.map((each) => row(each, widest, lower)),
  );
}

function row({ group, value, log_odds: logOdds, odds_factor: factor }, widest, lower) {
  const helps = lower ? logOdds < 0 : logOdds > 0;
  const none = isNothing({ log_odds: logOdds });
  const effect = none ? "none" : helps ? "helps" : "hurts";
  const size = place(element("span", { class: `bar ${effect} ${logOdds < 0 ? "down" : "up"}` }), {
    length: Math.abs(logOdds) / widest,
  });
  const said = none ? "no effect" : effect;
  return element(
    "tr",
    {},
    element(
      "th",
      { scope: "row" },
      attribute(group),
      value && element("span", { class: "muted value" }, attributeValue(group, value)),
    ),
    element("td", { class: "bars" }, size, element("span", { class: "effect" }, said)),
    element(
      "td",
      { class: "factor" },
      `×${factor < 0.095 ? factor.toFixed(2) : factor.toPrecision(2)}`,
    ),
  );
}
