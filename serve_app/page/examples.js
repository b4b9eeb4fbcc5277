/** Images of the catalogue to try the page with. */

import { askJson } from "./api.js";
import { showPicture } from "./catalogue_image.js";
import { byId, element } from "./dom.js";

/** Show them; `take(imageId, name)` is called with the one that is picked. */
export async function offerExamples(take) {
  const { images } = await askJson("v1/examples");
  const list = byId("examples").querySelector("ul");
  list.replaceChildren(...images.map((image) => element("li", {}, exampleButton(image, take))));
  byId("examples").hidden = images.length === 0;
}

function exampleButton({ image_id: id, class_name: name, image }, take) {
  const picture = element("img", { alt: "", loading: "lazy", width: 96, height: 72 });
  showPicture(picture, { path: image });
  const label = `Try ${name ?? "this image of the catalogue"}`;
  const onclick = () => take(id, name);
  return element(
    "button",
    { type: "button", class: "thumb", "aria-label": label, title: name, onclick },
    picture,
  );
}
