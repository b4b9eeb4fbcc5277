/** The page: one image, one question; every change asks anew and cancels the request before it. */

import { showAllTargets } from "./all_targets.js";
import { alternateName } from "./alternates.js";
import { clearAnswer, showAnswer, showWaiting } from "./answer.js";
import { Failure, askJson } from "./api.js";
import { showMissing } from "./catalogue_image.js";
import { addTo, chooseFromAddress, choices, choose, isRefined, questionAsked } from "./choices.js";
import { byId } from "./dom.js";
import { offerExamples } from "./examples.js";
import { forgetHeatMap, offerAttributes, offerHeatMap } from "./heat_map.js";
import { sayLeftOut } from "./left_out.js";
import { clearNotice, showFailure } from "./notices.js";
import { showSubject } from "./picture.js";
import { offerQuestion, showQuestion } from "./question_form.js";
import { receive } from "./receive.js";
import { offerRefinements, resetRefinements, showRefinements } from "./refine.js";
import { offerShelf, putOnShelf, showShelf } from "./shelf.js";
import { catalogueSubject, fileSubject } from "./subject.js";
import { bytes, listing } from "./words.js";

const page = { accepted: null, subject: null, answered: null, asking: null };
const ABOUT_THE_IMAGE = [400, 413, 415]; // of a failure
let open; // the page, once it knows what the service accepts
const opened = new Promise((resolve) => (open = resolve));

/** Learn what the service accepts, then offer it. */
async function start() {
  try {
    page.accepted = await askJson("v1/targets");
  } catch (failure) {
    return showFailure(failure, start);
  }
  clearNotice({ answered: true });
  offerQuestion(page.accepted, ask);
  offerRefinements(page.accepted, ask);
  offerHeatMap(showFailure);
  offerShelf(page.accepted.batch, askAbout);
  describeAccepted(page.accepted.image);
  offerExamples((id, name) => askAboutOther(catalogueSubject(id, name))).catch(() => {});
  open();
  window.addEventListener("hashchange", followAddress);
  if (choices.image_id) askAbout(catalogueSubject(choices.image_id));
}

function describeAccepted({ formats, max_bytes: most }) {
  byId("accepted").textContent = `${listing(formats)}, up to ${bytes(most)}`;
}

/** Ask about the first of the user's files; the others stay at hand. */
function takeFiles(files) {
  const { image, batch } = page.accepted;
  const most = image.max_bytes;
  const fit = files.filter((file) => file.size <= most);
  const subjects = fit.slice(0, batch.max_files).map(fileSubject);
  const earlier = putOnShelf(subjects);
  const large = subjects.length > 0 ? files.filter((file) => file.size > most) : [];
  sayLeftOut({ large, more: fit.length - subjects.length, earlier }, page.accepted);
  if (subjects.length > 0) return askAbout(subjects[0]);
  const { name, size } = files[0];
  const message = `“${name}” has ${bytes(size)}; at most ${bytes(most)} are accepted.`;
  fail(new Failure(message, { status: 413, code: "too_many_bytes" }));
}

function askAbout(subject) {
  page.subject = subject;
  choose({ image_id: subject.imageId ?? "" });
  forgetHeatMap();
  showSubject(subject);
  ask();
}

/** The address was changed by hand, or by going back. */
function followAddress() {
  chooseFromAddress();
  showQuestion();
  showRefinements();
  const { image_id: id } = choices;
  if (id && id !== page.subject?.imageId) askAbout(catalogueSubject(id));
  else ask();
}

/** Ask about the present image and question, and show the answer. */
async function ask() {
  const { subject } = page;
  if (!subject) return;
  page.asking?.abort();
  const asking = (page.asking = new AbortController());
  clearNotice();
  showWaiting(true);
  const form = addTo(new FormData(), { refined: true });
  subject.addTo(form);
  try {
    answered(await askJson("v1/recommend", { form, signal: asking.signal }), subject);
  } catch (failure) {
    if (failure.name === "AbortError") return; // the next request is on its way
    fail(aboutFile(failure, subject));
  } finally {
    if (page.asking === asking) showWaiting(false);
  }
}

function answered(answer, subject) {
  const lower = isLowerBetter();
  page.answered = subject;
  clearNotice({ answered: true });
  showAnswer(answer, subject, lower, askInstead);
  showMissing();
  showShelf(subject, lower, { bundle: answer.bundle });
  offerAttributes(subject, answer);
  showAllTargets(subject, page.accepted.lower_is_better, chooseTarget);
}

const isLowerBetter = () => page.accepted.lower_is_better.includes(choices.target);

/**
 * Say what went wrong; the user's other images stay at hand. What passes by itself leaves the last
 * answer about this image, and so does a wish that is refused (422): it is corrected there, or,
 * where there is no answer yet, by a reset.
 */
function fail(failure) {
  if (!(failure instanceof Failure)) throw failure; // a mistake in the page itself
  const refused = failure.status === 422;
  const stays = failure.passes || refused;
  if (!stays || page.answered !== page.subject) clearAnswer();
  showShelf(page.subject, isLowerBetter(), { rank: !failure.passes });
  showFailure(failure, ask, refused && isRefined() && askUnrefined);
}

function askUnrefined() {
  resetRefinements();
  ask();
}

/** A failure that is about the image, with the name of its file. */
function aboutFile(failure, { file, name }) {
  if (!file || !ABOUT_THE_IMAGE.includes(failure.status) || failure.message.includes(name))
    return failure;
  return new Failure(`“${name}”: ${failure.message}`, failure);
}

function chooseTarget(target) {
  choose({ target });
  showQuestion();
  ask();
}

function askInstead(alternate) {
  const subject = catalogueSubject(alternate.image_id, alternateName(alternate));
  askAboutOther(subject);
  subject.card = { probability: alternate.probability, question: questionAsked() };
  byId("result").focus();
}

/** About one of the catalogue, which knows its vehicle types: the one that was told is another's. */
function askAboutOther(subject) {
  choose({ vehicle_type: "" });
  showQuestion();
  askAbout(subject);
}

receive((files) => opened.then(() => takeFiles(files))); // files may come before the answer does
start();
