// Elements without markup: text becomes text, whatever a VM is called.

const svgNS = 'http://www.w3.org/2000/svg';

/**
 * Sets properties and attributes of an element. Names with "on" are
 * listeners, "class" and "dataset" are what they say, booleans are set or
 * taken away, all others are attributes.
 * @param {Element} el
 * @param {Record<string, any>} props
 */
function set(el, props) {
  for (const [k, v] of Object.entries(props)) {
    if (v === undefined || v === null || v === false) el.removeAttribute(k === 'class' ? 'class' : k);
    else if (k.startsWith('on')) el.addEventListener(k.slice(2), v);
    else if (k === 'dataset') Object.assign(/** @type {HTMLElement} */ (el).dataset, v);
    else if (v === true) el.setAttribute(k, '');
    else el.setAttribute(k, String(v));
  }
}

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, any>|null} [props]
 * @param {...(Node|string|number|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  if (props) set(el, props);
  append(el, children);
  return el;
}

/** The same for SVG. @returns {any} */
export function s(tag, props, ...children) {
  const el = document.createElementNS(svgNS, tag);
  if (props) set(el, props);
  append(el, children);
  return el;
}

function append(el, children) {
  for (const c of children.flat()) {
    if (c !== null && c !== undefined && c !== false) el.append(c instanceof Node ? c : String(c));
  }
}

/**
 * Gives an element a text if it has another: what does not change is left
 * alone, with the reader's selection in it.
 */
export function text(el, value) {
  const t = String(value);
  if (el.textContent !== t) el.textContent = t;
}

/**
 * Brings the children of parent into the order of items, each made once by
 * its key and updated afterwards, so that what has the focus keeps it.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => {el: Element, update: (item: T) => void}} make
 */
export function keyed(parent, items, keyOf, make) {
  const p = /** @type {any} */ (parent);
  /** @type {Map<string, {el: Element, update: (item: T) => void}>} */
  const old = p.keyedParts || new Map();
  const next = new Map();
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const part = old.get(key) || make(item);
    part.update(item);
    next.set(key, part);
    if (part.el === at) at = at.nextElementSibling;
    else parent.insertBefore(part.el, at);
  }
  for (const [key, part] of old) if (!next.has(key)) part.el.remove();
  p.keyedParts = next;
}
