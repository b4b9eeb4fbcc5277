/** What went wrong, in words, and what can be done about it. */

import { keepApiKey } from "./api.js";
import { byId, element } from "./dom.js";

const LEAST_WAIT_S = 1;
const USUAL_WAIT_S = 5;
const MOST_RETRIES = 5;

const place = byId("notice");
let timer = null;
let retries = 0;

/** Nothing is wrong any more. */
export function clearNotice({ answered = false } = {}) {
  clearInterval(timer);
  if (answered) retries = 0;
  place.replaceChildren();
}

/**
 * Show a failure; again(): asks once more. What passes by itself is tried again.
 * reset(): where given, undoes what may be refused.
 */
export function showFailure(failure, again, reset = null) {
  clearNotice();
  if (failure.status === 401) return show(keyForm(failure, again));
  if (!failure.passes)
    return show(
      sentence("This did not work.", failure.message),
      acceptedList(failure),
      reset && action("Reset all", reset),
    );
  const busy = failure.status === 0 ? "No answer." : "The service is busy.";
  const button = action("Try again now", again);
  if (retries >= MOST_RETRIES || failure.status === 504)
    return show(sentence(busy, failure.message), button);
  retries += 1;
  show(
    sentence(busy, failure.message),
    countdown(failure.retryAfter ?? USUAL_WAIT_S, again),
    button,
  );
}

function show(...parts) {
  place.replaceChildren(
    element("div", { class: "notice", role: "alert" }, ...parts.filter(Boolean)),
  );
}

const action = (label, onclick) =>
  element("button", { type: "button", class: "button", onclick }, label);

function sentence(lead, message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return element(
    "p",
    {},
    element("strong", {}, `${lead} `),
    /[.!?]$/.test(text) ? text : `${text}.`,
  );
}

function acceptedList({ accepted, message }) {
  if (accepted.length === 0 || message.includes(accepted.at(-1))) return null;
  return element("p", { class: "small" }, `Accepted: ${accepted.join(", ")}.`);
}

/** `Trying again in 3 s`, then does. */
function countdown(seconds, again) {
  let left = Math.max(LEAST_WAIT_S, Math.ceil(seconds));
  const number = element("span", {}, String(left));
  timer = setInterval(() => {
    left -= 1;
    number.textContent = String(left);
    if (left <= 0) {
      clearInterval(timer);
      again();
    }
  }, 1000);
  // Its screen reader text does not count: it would be read every second.
  return element(
    "p",
    { class: "small" },
    element("span", { class: "visually-hidden" }, `Trying again in ${left} seconds.`),
    element("span", { "aria-hidden": "true" }, "Trying again in ", number, " s."),
  );
}

function keyForm(failure, again) {
  const input = element("input", {
    type: "password",
    name: "key",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
  });
  const onsubmit = (event) => {
    event.preventDefault();
    keepApiKey(input.value.trim());
    clearNotice();
    again();
  };
  const form = element(
    "form",
    { class: "key-form", onsubmit },
    sentence("This service asks for a key.", failure.message),
    element("label", { class: "field" }, "API key", input),
    element("button", { class: "button primary" }, "Use this key"),
    element("p", { class: "small muted" }, "It is kept until you close this tab."),
  );
  setTimeout(() => input.focus());
  return form;
}
