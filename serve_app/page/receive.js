/** How images reach the page: chosen, dropped anywhere, or pasted. */

import { byId } from "./dom.js";

/** Call `take(files)` with what the user gives. */
export function receive(take) {
  const input = byId("file");
  const some = (files) => files.length > 0 && take([...files]);
  for (const id of ["choose", "change"]) byId(id).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    some(input.files);
    input.value = ""; // the same file may be chosen again
  });
  document.addEventListener("paste", (event) => some(event.clipboardData.files));
  acceptDrops(some);
}

function acceptDrops(some) {
  const overlay = byId("overlay");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = (shown) => (overlay.hidden = !shown);
  window.addEventListener("dragenter", (event) => hasFiles(event) && show(true));
  window.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  window.addEventListener("dragleave", (event) => event.relatedTarget === null && show(false));
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(false);
    some(event.dataTransfer.files);
  });
}
