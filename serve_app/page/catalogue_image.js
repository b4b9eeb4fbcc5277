/** Pictures in `<img>`: of files, and of the catalogue, also where the service asks for a key. */

import { apiKey, askBlob } from "./api.js";

const withKey = new Map();
const wanted = new WeakMap(); // by element, the picture that it was told to show last

/**
 * Show the picture of a file or an edit at `url`, or one of the catalogue at `path`: a browser
 * sends no key with `<img src>`, so then it is fetched.
 */
export async function showPicture(image, { path, url }) {
  const picture = path?.replace(/^\//, "") ?? url;
  wanted.set(image, picture);
  const source = path && apiKey() ? await withTheKey(picture) : picture;
  if (wanted.get(image) === picture) image.src = source;
}

function withTheKey(path) {
  if (!withKey.has(path)) {
    withKey.set(
      path,
      askBlob(path)
        .then((blob) => URL.createObjectURL(blob))
        .catch(() => {
          withKey.delete(path); // what was too busy may answer the next time
          return path;
        }),
    );
  }
  return withKey.get(path);
}
