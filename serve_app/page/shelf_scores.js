/** The scores of the user's images: each is asked for once, until it would be another one. */

import { askJson, isReadable } from "./api.js";
import { addTo, questionAsked } from "./choices.js";

const about = (question, bundle) => ({
  question,
  bundle,
  scores: new WeakMap(), // by subject `{ score }` or, where it has none, `{ error }`
  outdated: new AbortController(),
  asked: Promise.resolve(),
});
let known = about(null, null);

/** What is known of a subject: `{ score }`, `{ error }` or nothing. */
export const knownOf = (subject) => known.scores.get(subject) ?? {};

export const isKnown = (subject) => known.scores.has(subject);

/** Forget scores of another question or model; bundle: the model's, null where it is not known. */
export function forgetOutdated(bundle = null) {
  const question = questionAsked();
  known.bundle ??= bundle;
  if (question === known.question && (!bundle || bundle === known.bundle)) return;
  known.outdated.abort();
  known = about(question, bundle);
}

/** Ask for the scores of subjects that are not known; batch: what one request may hold. */
export function findScores(subjects, batch) {
  const present = known;
  const before = present.asked.catch(() => {}); // which may have asked for the same ones
  return (present.asked = before.then(() => find(present, subjects, batch)));
}

/** In one request after another; where one fails, those before it are known. */
async function find(about, subjects, batch) {
  const { scores, outdated } = about;
  const unknown = subjects.filter((subject) => !scores.has(subject));
  for (const part of parts(await readable(unknown, scores), batch)) {
    if (about.question !== questionAsked()) return; // its answer will have the others asked for
    const form = addTo(new FormData());
    for (const { file, name } of part) form.append("images", file, name);
    const answer = await askJson("v1/score:batch", { form, signal: outdated.signal });
    about.bundle ??= answer.bundle;
    answer.answers.forEach(({ score, error }, index) => scores.set(part[index], { score, error }));
  }
}

/** A file that has changed on disk would make a request fail, and with it the others. */
async function readable(subjects, scores) {
  const there = await Promise.all(subjects.map(({ file }) => isReadable(file)));
  const gone = subjects.filter((_, index) => !there[index]);
  gone.forEach((subject) => scores.set(subject, { error: "gone" }));
  return subjects.filter((_, index) => there[index]);
}

/** As many subjects in each as one request may hold. */
function parts(subjects, { max_bytes: most }) {
  const made = [];
  let held = Infinity;
  for (const subject of subjects) {
    if (held + subject.file.size > most) {
      made.push([]);
      held = 0;
    }
    made.at(-1).push(subject);
    held += subject.file.size;
  }
  return made;
}
