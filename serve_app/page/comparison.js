/** A candidate beside the image, in a dialog: before and after, or two pictures. */

import { askBlob } from "./api.js";
import { alternateFacts, alternateName } from "./alternates.js";
import { changeOf } from "./candidates.js";
import { showCatalogueImage } from "./catalogue_image.js";
import { byId, element, place } from "./dom.js";
import { certainty, percent, range, settings, technique } from "./words.js";

const dialog = byId("comparison");

// A click beside the dialog's content closes it, as Escape does.
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

/** Compare an edit with the image: {answer, subject, lower}, and which edit. */
export function compareEdit(shown, index) {
  const { answer, subject, lower } = shown;
  const edit = answer.edits[index];
  const note = element("p", { class: "small", role: "status" });
  const save = element("button", { type: "button", class: "button primary" }, "Save the edited picture");
  save.addEventListener("click", () => saveEdit(subject, edit, save, note));
  const caption = [technique(edit.augmentation_class), settings(edit.parameters)].filter(Boolean).join(", ");
  fill({
    title: caption,
    pictures: beforeAndAfter(subject, edit),
    facts: factsOf(answer, edit, lower, "With this edit"),
    actions: [save, note],
    turn: turner(answer.edits, index, (next) => compareEdit(shown, next)),
  });
}

/** Compare a catalogue image with the image; ask(alternate): ask about that one instead. */
export function compareAlternate(shown, index, ask) {
  const { answer, subject, lower } = shown;
  const alternate = answer.alternates[index];
  const instead = element("button", { type: "button", class: "button primary" }, "Ask about this image");
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
  const close = element("button", { type: "button", class: "button close", onclick: () => dialog.close() }, "Close");
  dialog.replaceChildren(
    element(
      "div",
      { class: "comparison-body" },
      element(
        "header",
        { class: "comparison-head" },
        element("div", {}, element("h2", { id: "comparison-title" }, title), note && element("p", { class: "muted small" }, note)),
        close,
      ),
      pictures,
      facts,
      element("footer", { class: "comparison-foot" }, element("div", { class: "actions" }, actions), turn),
    ),
  );
  if (!dialog.open) dialog.showModal();
}

/** Draw the image at the size of its edit, so that nothing but the edit tells them apart. */
async function drawAlike(canvas, subject, editedUrl) {
  const [original, edited] = [new Image(), new Image()];
  show(original, subject);
  edited.src = editedUrl;
  await Promise.all([original, edited].map((image) => (image.complete ? null : new Promise((done) => (image.onload = done)))));
  const longer = (image) => Math.max(image.naturalWidth, image.naturalHeight);
  const scale = longer(edited) / longer(original);
  canvas.width = Math.round(original.naturalWidth * scale);
  canvas.height = Math.round(original.naturalHeight * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(original, 0, 0, canvas.width, canvas.height);
}

/** Both pictures on one spot; a slider says how much of each is seen. */
function beforeAndAfter(subject, edit) {
  const before = element("canvas", { class: "before", role: "img", "aria-label": "Before" });
  drawAlike(before, subject, edit.image);
  const slider = element("input", {
    type: "range", min: 0, max: 100, value: 50, class: "split", "aria-label": "How much of the original is seen, in percent",
  });
  const box = element(
    "div",
    { class: "split-box" },
    element("img", { alt: "After", src: edit.image, class: "after" }),
    before,
    element("span", { class: "tag left", "aria-hidden": "true" }, "before"),
    element("span", { class: "tag right", "aria-hidden": "true" }, "after"),
    element("span", { class: "handle", "aria-hidden": "true" }),
    slider,
  );
  slider.addEventListener("input", () => place(box, { split: slider.value / 100 }));
  return place(box, { split: 0.5 });
}

function sideBySide(subject, alternate) {
  const yours = element("img", { alt: "" });
  show(yours, subject);
  const other = element("img", { alt: "" });
  showCatalogueImage(other, alternate.image);
  return element(
    "div",
    { class: "pair" },
    element("figure", {}, yours, element("figcaption", { class: "muted small" }, "Your image")),
    element("figure", {}, other, element("figcaption", { class: "muted small" }, "From the catalogue")),
  );
}

function show(image, subject) {
  if (subject.path) showCatalogueImage(image, subject.path);
  else image.src = subject.url;
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
    facts.map(([name, value]) => element("div", {}, element("dt", { class: "muted small" }, name), element("dd", {}, value))),
  );
}

function withInterval({ probability, interval }) {
  const figure = element("strong", {}, percent(probability));
  return interval ? [figure, element("span", { class: "muted small" }, ` ${range(interval)}`)] : [figure];
}

/** Buttons to the candidate before and after this one. */
function turner(candidates, index, open) {
  const step = (by, label, sign) =>
    element(
      "button",
      {
        type: "button", class: "button", "aria-label": label, disabled: !candidates[index + by],
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

async function saveEdit(subject, edit, button, note) {
  const form = new FormData();
  subject.addTo(form);
  form.append("augmentation_class", edit.augmentation_class);
  form.append("parameters", JSON.stringify(edit.parameters));
  button.disabled = true;
  note.textContent = "Making it …";
  try {
    download(await askBlob("v1/edits", { form }), fileName(subject, edit));
    note.textContent = "Saved.";
  } catch (error) {
    note.textContent = error.message;
  }
  button.disabled = false;
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function fileName({ name }, edit) {
  return `${name.replace(/\.[^.]+$/, "")}-${edit.augmentation_class}.jpg`;
}
