/** Two pictures to compare: on one spot with a slider, or side by side. */

import { showPicture } from "./catalogue_image.js";
import { element, place } from "./dom.js";

/** Draw the image at the size of its edit, so that nothing but the edit tells them apart. */
async function drawAlike(canvas, subject, editedUrl) {
  const [original, edited] = [new Image(), new Image()];
  await showPicture(original, subject);
  edited.src = editedUrl;
  await Promise.all(
    [original, edited].map((image) =>
      image.complete ? null : new Promise((done) => (image.onload = done)),
    ),
  );
  const longer = (image) => Math.max(image.naturalWidth, image.naturalHeight);
  const scale = longer(edited) / longer(original);
  canvas.width = Math.round(original.naturalWidth * scale);
  canvas.height = Math.round(original.naturalHeight * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(original, 0, 0, canvas.width, canvas.height);
}

/** The image and its edit on one spot; a slider says how much of each is seen. */
export function beforeAndAfter(subject, edit) {
  const before = element("canvas", { class: "before", role: "img", "aria-label": "Before" });
  drawAlike(before, subject, edit.image);
  const slider = element("input", {
    type: "range",
    min: 0,
    max: 100,
    value: 50,
    class: "split",
    "aria-label": "How much of the original is seen, in percent",
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

/** The image and one of the catalogue. */
export function sideBySide(subject, alternate) {
  const yours = element("img", { alt: "" });
  showPicture(yours, subject);
  const other = element("img", { alt: "" });
  showPicture(other, { path: alternate.image });
  return element(
    "div",
    { class: "pair" },
    element("figure", {}, yours, element("figcaption", { class: "muted small" }, "Your image")),
    element(
      "figure",
      {},
      other,
      element("figcaption", { class: "muted small" }, "From the catalogue"),
    ),
  );
}
