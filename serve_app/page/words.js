/** Values as a reader sees them. */

const MINUS = "\u2212";

/** 0.624 -> `62%`; small probabilities keep what tells them apart: 0.0042 -> `0.42%`. */
export const percent = (share) => `${(share * 100).toFixed(digitsOf(share))}%`;

function digitsOf(share) {
  const size = Math.abs(share);
  return size === 0 || size >= 0.1 ? 0 : size < 0.01 ? 2 : 1;
}

/** How sure something is; a model never is altogether. */
export const certainty = (share) => (share > 0.99 ? ">99%" : percent(share));

/** The two ends of an interval: `55% to 69%`. */
export const range = ([low, high]) => `${percent(low)} to ${percent(high)}`;

/**
 * A change to a probability in percentage points, signed, one digit finer than the probability:
 * `+9.1`, `−0.042`; null where that rounds to nothing.
 */
export function points(change, probability) {
  const text = (Math.abs(change) * 100).toFixed(digitsOf(probability) + 1);
  if (Number(text) === 0) return null;
  return `${change < 0 ? MINUS : "+"}${text}`;
}

/** `click_to_open_rate` -> `Click to open rate`. */
export function words(name) {
  const spaced = String(name).replaceAll("_", " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export function listing(items) {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** 1 -> `1 image`, 24 -> `24 images`. */
export const counted = (number, noun) =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** 20971520 -> `20 MB`. */
export function bytes(count) {
  if (count < 1024 * 1024) return `${Math.max(1, Math.round(count / 1024))} kB`;
  return `${(count / 1024 / 1024).toFixed(count < 10 * 1024 * 1024 ? 1 : 0)} MB`;
}

const OUTCOMES = {
  open_rate: "that a delivered email is opened",
  click_to_open_rate: "that an opened email is clicked",
  revenue_per_email: "that an email earns revenue",
  conversion_rate: "that an email leads to a conversion",
  purchase_rate: "that an email leads to a purchase",
  unsubscribe_rate: "that a recipient unsubscribes",
  bounce_rate: "that an email bounces",
};

/** What a target's probability is the probability of. */
export const outcome = (target) => OUTCOMES[target] ?? `of success for ${words(target)}`;

const TECHNIQUES = {
  original: "Not edited",
  horizontal_flip: "Mirrored",
  vertical_flip: "Upside down",
  gauss_noise: "Grainy",
  transpose: "Transposed",
  motion_blur: "Motion blur",
  median_blur: "Smoothed",
  blur: "Blurred",
  shift_scale: "Reframed",
  rotate: "Rotated",
  clahe: "More local contrast",
  sharpen: "Sharper",
  emboss: "Embossed",
  brighter: "Brighter",
  darker: "Darker",
  hue_saturation_value: "Shifted colours",
};

/** An augmentation class, `brighter` or `blur + rotate`, as a caption. */
export const technique = (name) =>
  String(name)
    .split(" + ")
    .map((part) => TECHNIQUES[part] ?? words(part))
    .join(" + ");

const share = (value) => `${Math.round(Math.abs(value) * 100)}%`;
const SETTINGS = {
  brightness: (value) => `by ${share(value)}`,
  angle_deg: (value) => `by ${Math.abs(value).toFixed(0)}°`,
  alpha: (value) => `at ${share(value)}`,
  strength: () => null,
  std: (value) => `${share(value)} noise`,
  extent: (value) => `over ${share(value)}`,
  clip: (value) => `limit ${value}`,
  shift_x: (value) => `${share(value)} ${value < 0 ? "left" : "right"}`,
  shift_y: (value) => `${share(value)} ${value < 0 ? "up" : "down"}`,
  scale: (value) => `${share(value)} ${value < 0 ? "smaller" : "larger"}`,
  hue: (value) => `hue ${value < 0 ? MINUS : "+"}${Math.round(Math.abs(value))}`,
  saturation: (value) => `saturation ${value < 0 ? MINUS : "+"}${Math.round(Math.abs(value))}`,
  seed: () => null,
};

/** The settings of an edit in words; empty where it has none. */
export function settings(parameters) {
  return Object.entries(parameters)
    .map(([name, value]) => (SETTINGS[name] ?? (() => `${words(name)} ${value}`))(value))
    .filter(Boolean)
    .join(", ");
}

const ATTRIBUTES = {
  augmentation_class: "Editing",
  techniques: "Editing",
  vehicle_type: "Vehicle type",
  vehicle_type_told: "Vehicle type, as told",
  image: "The picture as a whole",
  campaign_type: "Campaign type",
  industry: "Industry",
  calibration: "Confidence, corrected",
};

/** An attribute or a group of contributions as a label. */
export const attribute = (name) => ATTRIBUTES[name] ?? words(name);

/** The value of an attribute or a context. */
export function attributeValue(name, value) {
  if (value == null) return "";
  return name === "augmentation_class" || name === "techniques" ? technique(value) : value;
}
