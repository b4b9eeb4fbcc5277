/** The service over HTTP: every failure becomes a `Failure` with words for people. */

const KEY = "emailimg-api-key";

/** A request that was not answered with what was asked for. */
export class Failure extends Error {
  /**
   * status: HTTP status, 0 where nothing answered; accepted: what would have been;
   * retryAfter: seconds, null where the service does not say.
   */
  constructor(message, { status = 0, code = "network", accepted = [], retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, accepted, retryAfter });
  }

  /** Whether the same request may succeed in a moment. */
  get passes() {
    return [0, 429, 502, 503, 504].includes(this.status);
  }
}

export const apiKey = () => sessionStorage.getItem(KEY);

export const keepApiKey = (key) => sessionStorage.setItem(KEY, key);

/** GET or, with a form, POST; the answer as JSON. Throws Failure, or AbortError. */
export async function askJson(path, options) {
  const response = await ask(path, options);
  return response.json();
}

/** Like `askJson`, where the answer is a picture. */
export async function askBlob(path, options) {
  const response = await ask(path, options);
  return response.blob();
}

async function ask(path, { form, signal } = {}) {
  const headers = apiKey() ? { "X-API-Key": apiKey() } : {};
  const request = form ? { method: "POST", body: form } : {};
  let response;
  try {
    response = await fetch(path, { ...request, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const gone = await unreadable(form);
    if (gone) throw fileGone(gone);
    throw new Failure("The service does not answer. Is it running, and are you online?");
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

/** The first file of a form that can no longer be read, as after a change on disk. */
async function unreadable(form) {
  for (const value of form?.values() ?? []) {
    if (value instanceof File && !(await isReadable(value))) return value;
  }
  return null;
}

/** Whether a file is still there as it was chosen. */
export async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

const fileGone = ({ name }) =>
  new Failure(`“${name}” has changed or is gone; choose it again.`, {
    status: 410,
    code: "file_gone",
  });

async function failureOf(response) {
  const status = response.status;
  const retryAfter = secondsUntil(response.headers.get("retry-after"));
  try {
    const { error } = await response.json();
    const { code, message, accepted } = error;
    return new Failure(message, { status, code, accepted: accepted ?? [], retryAfter });
  } catch {
    // Not ours: a proxy in between.
    const message = `The service answered with status ${status}.`;
    return new Failure(message, { status, code: "http_error", retryAfter });
  }
}

/** `Retry-After`: seconds or a date. */
function secondsUntil(header) {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const until = (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(until) ? Math.max(0, until) : null;
}
