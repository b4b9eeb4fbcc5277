/** Which of the user's files are left out, in words. */

import { byId } from "./dom.js";
import { bytes, counted, listing } from "./words.js";

const NAMED = 3; // of more files the others are counted

/**
 * Say it; large: files of more bytes than an image may have; more: how many there were beyond what
 * is compared; earlier: how many of those before made room. The limits are the service's.
 */
export function sayLeftOut({ large, more, earlier }, { image, batch }) {
  const sentences = [
    large.length > 0 && `${named(large)} left out: at most ${bytes(image.max_bytes)} are accepted.`,
    more > 0 &&
      `At most ${batch.max_files} images are compared at once: ${counted(more, "file")} left out.`,
    earlier > 0 && `${counted(earlier, "earlier image")} made room.`,
  ];
  byId("left-out").textContent = sentences.filter(Boolean).join(" ");
}

function named(files) {
  const names = files.slice(0, NAMED).map((file) => `“${file.name}”`);
  const others = files.length - names.length;
  return listing(others > 0 ? [...names, counted(others, "other")] : names);
}
