/** Pictures in `<img>`: of files, and of the catalogue, also where the service asks for a key. */

import { apiKey, askBlob } from "./api.js";

const withKey = new Map();
const wanted = new WeakMap(); // by element, the picture that it was told to show last
const missing = new Map(); // by element, the path of a picture that was not to be had

/**
 * Show the picture of a file or an edit at `url`, or one of the catalogue at `path`: a browser
 * sends no key with `<img src>`, so then it is fetched.
 */
export async function showPicture(image, { path, url }) {
  const picture = path?.replace(/^\//, "") ?? url;
  const key = apiKey();
  wanted.set(image, picture);
  missing.delete(image);
  image.onerror = path ? () => failed(image, path, key) : null;
  const source = path && key ? await withTheKey(picture) : picture;
  if (wanted.get(image) === picture) image.src = source;
}

/** Load again what was not to be had: the service has its key now, or is less busy. */
export function showMissing() {
  const again = [...missing];
  missing.clear();
  for (const [image, path] of again) if (image.isConnected) showPicture(image, { path });
}

/** key: the one that it was asked for with; a picture far down may be asked for much later. */
function failed(image, path, key) {
  if (key === apiKey()) missing.set(image, path);
  else showPicture(image, { path });
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
