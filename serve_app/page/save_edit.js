/** An edited picture as a file. */

import { askBlob } from "./api.js";
import { element } from "./dom.js";

/** A button that saves it, and a note beside it that says how that went. */
export function saveButton(subject, edit) {
  const note = element("p", { class: "small", role: "status" });
  const button = element(
    "button",
    { type: "button", class: "button primary" },
    "Save the edited picture",
  );
  button.addEventListener("click", () => saveEdit(subject, edit, button, note));
  return [button, note];
}

async function saveEdit(subject, edit, button, note) {
  const form = new FormData();
  subject.addTo(form);
  form.append("augmentation_class", edit.augmentation_class);
  form.append("parameters", JSON.stringify(edit.parameters));
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true"); // disabled, it would lose the focus
  note.textContent = "Making it …";
  try {
    download(await askBlob("v1/edits", { form }), fileName(subject, edit));
    note.textContent = "Saved.";
  } catch (error) {
    note.textContent = error.message;
  }
  button.removeAttribute("aria-busy");
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function fileName({ name }, edit) {
  return `${name.replace(/\.[^.]+$/, "")}-${edit.augmentation_class}.jpg`;
}
