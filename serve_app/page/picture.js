/** The image that is asked about, on the page: the picture, its name and size. */

import { showPicture } from "./catalogue_image.js";
import { byId } from "./dom.js";
import { bytes } from "./words.js";

/** Show the subject in place of the invitation. */
export function showSubject(subject) {
  document.body.classList.remove("empty");
  byId("shown").hidden = false;
  byId("picture-tools").hidden = false;
  const image = byId("shown-image");
  image.alt = `Your image, ${subject.name}`;
  image.onload = () => describeSize(subject, image);
  byId("shown-name").textContent = subject.name;
  byId("shown-size").textContent = ""; // until it is known; of what is no picture it never is
  showPlain(subject);
}

/** The picture itself, without a heat map. */
export const showPlain = (subject) => showPicture(byId("shown-image"), subject);

function describeSize(subject, image) {
  image.onload = null;
  const size = `${image.naturalWidth} × ${image.naturalHeight}`;
  const kind = subject.file ? bytes(subject.file.size) : "from the catalogue";
  byId("shown-size").textContent = `${size}, ${kind}`;
}
