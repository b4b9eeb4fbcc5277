/** Building elements without markup in strings. */

/**
 * An element with attributes, listeners (`onclick`, ...) and children.
 * Values: true sets a bare attribute; false, null and undefined leave it out.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** Where something is along a scale, for the stylesheet: `--name` on the element. */
export function place(target, values) {
  for (const [name, value] of Object.entries(values)) target.style.setProperty(`--${name}`, value);
  return target;
}
