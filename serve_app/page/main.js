/** The page: one image, one question; every change asks anew and cancels the request before it. */

import { showAllTargets } from "./all_targets.js";
import { showAlternates } from "./alternates.js";
import { Failure, askJson } from "./api.js";
import { addTo, chooseFromAddress, choices, choose, filtersSet } from "./choices.js";
import { compareAlternate, compareEdit } from "./comparison.js";
import { byId } from "./dom.js";
import { showEdits } from "./edits.js";
import { offerExamples } from "./examples.js";
import { offerHeatMap, refreshHeatMap } from "./heat_map.js";
import { clearNotice, showFailure } from "./notices.js";
import { showSubject } from "./picture.js";
import { offerQuestion, showQuestion } from "./question_form.js";
import { receive } from "./receive.js";
import { offerMakes, offerRefinements, showRefinements } from "./refine.js";
import { showScale } from "./scale.js";
import { catalogueSubject, fileSubject } from "./subject.js";
import { showVerdict } from "./verdict.js";
import { showSeen, showWhy } from "./why.js";
import { bytes, listing, percent, words } from "./words.js";

const page = { accepted: null, subject: null, asking: null };

/** Learn what the service accepts, then offer it. */
async function start() {
  try {
    page.accepted = await askJson("v1/targets");
  } catch (failure) {
    return showFailure(failure, start);
  }
  clearNotice({ answered: true });
  offerQuestion(page.accepted, questionChanged);
  offerRefinements(page.accepted, ask);
  offerHeatMap(() => page.subject, (failure) => showFailure(failure, ask));
  describeAccepted(page.accepted.image);
  offerExamples((id, name) => askAbout(catalogueSubject(id, name))).catch(() => {});
  receive((file) => takeFile(file));
  window.addEventListener("hashchange", followAddress);
  if (choices.image_id) askAbout(catalogueSubject(choices.image_id));
}

function describeAccepted(image) {
  if (!image) return;
  byId("accepted").textContent = `${listing(image.formats)}, up to ${bytes(image.max_bytes)}`;
}

function takeFile(file) {
  const most = page.accepted.image?.max_bytes ?? Infinity;
  if (file.size > most) {
    const message = `${file.name} has ${bytes(file.size)}; at most ${bytes(most)} are accepted.`;
    return fail(new Failure(message, { status: 413, code: "too_many_bytes" }));
  }
  return askAbout(fileSubject(file));
}

function askAbout(subject) {
  page.subject?.release();
  page.subject = subject;
  choose({ image_id: subject.imageId ?? "" });
  showSubject(subject);
  questionChanged();
}

function followAddress() {
  chooseFromAddress();
  showQuestion();
  showRefinements();
  const { image_id: id } = choices;
  if (id && id !== page.subject?.imageId) askAbout(catalogueSubject(id));
  else questionChanged();
}

function questionChanged() {
  if (!page.subject) return;
  ask();
  refreshHeatMap(page.subject, (failure) => showFailure(failure, questionChanged));
}

/** Ask about the present image and question, and show the answer. */
async function ask() {
  const { subject } = page;
  if (!subject) return;
  page.asking?.abort();
  const asking = (page.asking = new AbortController());
  clearNotice();
  showProgress(true);
  const form = addTo(new FormData(), { refined: true });
  subject.addTo(form);
  try {
    show(await askJson("v1/recommend", { form, signal: asking.signal }), subject);
    clearNotice({ answered: true });
    showAllTargets(subject, page.accepted.lower_is_better, chooseTarget);
  } catch (failure) {
    if (failure.name === "AbortError") return; // the next request is on its way
    fail(failure);
  } finally {
    if (page.asking === asking) showProgress(false);
  }
}

/** Say what went wrong; an answer to another question does not stay beside it. */
function fail(failure) {
  if (!(failure instanceof Failure)) throw failure; // a mistake in the page itself
  if (!failure.passes) byId("answer").hidden = true;
  showFailure(failure, ask);
}

function show(answer, subject) {
  const lower = page.accepted.lower_is_better.includes(answer.target);
  const shown = { answer, subject, lower };
  const openEdit = (index) => compareEdit(shown, index);
  const openAlternate = (index) => compareAlternate(shown, index, askInstead);
  byId("answer").hidden = false;
  const sentence = showVerdict(answer, lower);
  const along = showScale(answer, lower, (kind, index) => (kind === "edit" ? openEdit : openAlternate)(index));
  const look = { lower, along, minBetter: choices.min_better, filtered: filtersSet() > 0 };
  showEdits(answer, { ...look, open: openEdit });
  showAlternates(answer, { ...look, open: openAlternate });
  showSeen(answer);
  showWhy(answer, lower);
  offerMakes(answer.alternates);
  byId("bundle").textContent = answer.bundle;
  byId("announcement").textContent = sentence;
  document.title = `${percent(answer.probability)} ${words(answer.target)} · emailimg`;
}

function chooseTarget(target) {
  choose({ target });
  showQuestion();
  questionChanged();
}

function askInstead(alternate) {
  askAbout(catalogueSubject(alternate.image_id, alternate.class_name ?? alternate.file_name));
  byId("result").focus();
}

function showProgress(busy) {
  byId("progress").hidden = !busy;
  byId("result").setAttribute("aria-busy", String(busy));
  document.body.classList.toggle("asking", busy);
}

start();
