/** A candidate beside the image, in a dialog: before and after, or two pictures. */

import { alternateFacts, alternateName } from "./alternates.js";
import { changeOf } from "./candidates.js";
import { byId, element } from "./dom.js";
import { beforeAndAfter, sideBySide } from "./picture_pairs.js";
import { saveButton } from "./save_edit.js";
import { certainty, percent, range, settings, technique } from "./words.js";

const dialog = byId("comparison");

// A click beside the dialog's content closes it, as Escape does.
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

/** Compare an edit with the image: {answer, subject, lower}, and which edit. */
export function compareEdit(shown, index) {
  const { answer, subject, lower } = shown;
  const edit = answer.edits[index];
  const caption = [technique(edit.augmentation_class), settings(edit.parameters)]
    .filter(Boolean)
    .join(", ");
  fill({
    title: caption,
    pictures: beforeAndAfter(subject, edit),
    facts: factsOf(answer, edit, lower, "With this edit"),
    actions: saveButton(subject, edit),
    turn: turner(answer.edits, index, (next) => compareEdit(shown, next)),
  });
}

/** Compare a catalogue image with the image; ask(alternate): ask about that one instead. */
export function compareAlternate(shown, index, ask) {
  const { answer, subject, lower } = shown;
  const alternate = answer.alternates[index];
  const instead = element(
    "button",
    { type: "button", class: "button primary" },
    "Ask about this image",
  );
  instead.addEventListener("click", () => {
    dialog.close();
    ask(alternate);
  });
  fill({
    title: alternateName(alternate),
    note: [alternateFacts(alternate), alternate.file_name].filter(Boolean).join(" · "),
    pictures: sideBySide(subject, alternate),
    facts: factsOf(answer, alternate, lower, "With this image"),
    actions: [instead],
    turn: turner(answer.alternates, index, (next) => compareAlternate(shown, next, ask)),
  });
}

function fill({ title, note, pictures, facts, actions, turn }) {
  const close = element(
    "button",
    { type: "button", class: "button close", onclick: () => dialog.close() },
    "Close",
  );
  dialog.replaceChildren(
    element(
      "div",
      { class: "comparison-body" },
      element(
        "header",
        { class: "comparison-head" },
        element(
          "div",
          {},
          element("h2", { id: "comparison-title" }, title),
          note && element("p", { class: "muted small" }, note),
        ),
        close,
      ),
      pictures,
      facts,
      element(
        "footer",
        { class: "comparison-foot" },
        element("div", { class: "actions" }, actions),
        turn,
      ),
    ),
  );
  if (!dialog.open) dialog.showModal();
}

function factsOf(answer, candidate, lower, label) {
  const better = candidate.probability_better;
  const facts = [
    ["Your image", withInterval(answer)],
    [label, withInterval(candidate)],
    ["Difference", `${changeOf(candidate, lower)}${lower ? " (lower is better)" : ""}`],
    ["Sure to be better", better == null ? "not known" : certainty(better)],
  ];
  return element(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) =>
      element("div", {}, element("dt", { class: "muted small" }, name), element("dd", {}, value)),
    ),
  );
}

function withInterval({ probability, interval }) {
  const figure = element("strong", {}, percent(probability));
  return interval
    ? [figure, element("span", { class: "muted small" }, ` ${range(interval)}`)]
    : [figure];
}

/** Buttons to the candidate before and after this one. */
function turner(candidates, index, open) {
  const step = (by, label, sign) =>
    element(
      "button",
      {
        type: "button",
        class: "button",
        "aria-label": label,
        disabled: !candidates[index + by],
        onclick: () => {
          open(index + by);
          // The dialog has new buttons now: stay on the same one.
          const same = dialog.querySelector(`[aria-label="${label}"]`);
          (same.disabled ? dialog.querySelector(".turn button:enabled") : same)?.focus();
        },
      },
      sign,
    );
  return element(
    "div",
    { class: "turn" },
    step(-1, "Previous", "←"),
    element("span", { class: "muted small" }, `${index + 1} of ${candidates.length}`),
    step(1, "Next", "→"),
  );
}
