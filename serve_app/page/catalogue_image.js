/** Pictures of the catalogue in `<img>`, also where the service asks for a key. */

import { apiKey, askBlob } from "./api.js";

const withKey = new Map();

/** Show the picture at `path`; a browser sends no key with `<img src>`, so then it is fetched. */
export async function showCatalogueImage(image, path) {
  const relative = path.replace(/^\//, "");
  image.src = apiKey() ? await withTheKey(relative) : relative;
}

function withTheKey(path) {
  if (!withKey.has(path)) {
    withKey.set(
      path,
      askBlob(path)
        .then((blob) => URL.createObjectURL(blob))
        .catch(() => path),
    );
  }
  return withKey.get(path);
}
