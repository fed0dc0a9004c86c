// Colours of the style for what is drawn on a canvas.

const probe = document.createElement('i');
probe.hidden = true;

/** @type {Map<string, string>} */
const cache = new Map();

document.documentElement.addEventListener('themechange', () => cache.clear());

/** The present value of a custom property that is a colour. */
export function colour(name) {
  let c = cache.get(name);
  if (!c) {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(${name})`;
    c = getComputedStyle(probe).color;
    cache.set(name, c);
  }
  return c;
}

/** Called when the wall makes the page dark, and when it ends. */
export const forgetColours = () => cache.clear();

const lines = 10;

/** The colour of the i-th line of a plot. */
export const lineColour = (i) => colour(`--line-${i % lines}`);
