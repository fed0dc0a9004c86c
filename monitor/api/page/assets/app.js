// The page: one view at a time, by the address after the #.
import { h } from './dom.js';
import { startFrame } from './frame.js';
import { onPresent, start } from './live.js';
import { placeOf } from './router.js';
import { remember } from './tiles.js';
import { historyView } from './view-history.js';
import { nowView } from './view-now.js';
import { objectView } from './view-object.js';
import { variableView } from './view-variable.js';
import { wallView } from './view-wall.js';

const main = /** @type {HTMLElement} */ (document.getElementById('main'));

/** Each view fills main and returns what ends it. */
const views = {
  now: nowView,
  history: historyView,
  object: objectView,
  variable: variableView,
  wall: wallView,
  lost(el) {
    el.append(h('div', { class: 'empty' }, h('h1', null, 'There is no such view'), h('p', null, 'The address names none: ', h('a', { href: '#/' }, 'to the alarms'), '.')));
    return () => {};
  },
};

let end = () => {};
let first = true;

function show() {
  if (location.hash === '#main') return; // the skip link
  const place = placeOf(location.hash);
  end();
  main.replaceChildren();
  main.dataset.view = place.view;
  end = views[place.view](main, place);
  const here = place.view === 'object' && place.cls === 'host' && !place.uuid ? 'host' : place.view;
  for (const a of document.querySelectorAll('nav a')) {
    if (/** @type {HTMLElement} */ (a).dataset.view === here) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
  if (!first) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  first = false;
}

addEventListener('hashchange', show);
document.getElementById('skip')?.addEventListener('click', (e) => {
  e.preventDefault();
  main.focus();
});
document.addEventListener('keydown', (e) => {
  if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.target instanceof HTMLElement && e.target.closest('input, select, textarea')) return;
  const filter = main.querySelector('input[type=search]');
  if (filter) {
    e.preventDefault();
    /** @type {HTMLElement} */ (filter).focus();
  }
});

startFrame();
onPresent((p) => remember(p.overview)); // in whatever view
start();
show();
