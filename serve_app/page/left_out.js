/** Which of the user's files are left out, in words. */

import { byId } from "./dom.js";
import { MOST } from "./shelf.js";
import { counted } from "./words.js";

/** Say it; more: how many files there were beyond what is compared; earlier: how many made room. */
export function sayLeftOut({ more, earlier }) {
  const sentences = [
    more > 0 && `At most ${MOST} images are compared at once: ${counted(more, "file")} left out.`,
    earlier > 0 && `${counted(earlier, "earlier image")} made room.`,
  ];
  byId("left-out").textContent = sentences.filter(Boolean).join(" ");
}
