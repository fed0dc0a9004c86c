// The page: one view at a time, by the address after the #.
import { h } from './dom.js';
import { startFrame } from './frame.js';
import { start } from './live.js';
import { decisionsView } from './view-decisions.js';
import { hostsView } from './view-hosts.js';
import { machinesView } from './view-machines.js';
import { nowView } from './view-now.js';
import { profileView } from './view-profile.js';
import { sourcesView } from './view-sources.js';

const main = /** @type {HTMLElement} */ (document.getElementById('main'));

/** Each view fills main and returns what ends it. */
const views = {
  now: nowView,
  machines: machinesView,
  hosts: hostsView,
  sources: sourcesView,
  decisions: decisionsView,
  profile: profileView,
  lost(el) {
    el.append(h('div', { class: 'empty' }, h('h1', null, 'There is no such view'), h('p', null, 'The address names none: ', h('a', { href: '#/' }, 'to the first'), '.')));
    return () => {};
  },
};

/** Which view the address names: #/profile/NAME. */
function placeOf(hash) {
  const [first = '', ...rest] = hash.replace(/^#\/?/, '').split('/');
  if (!first) return { view: 'now' };
  if (first === 'profile' && rest.length) {
    try {
      return { view: 'profile', name: decodeURIComponent(rest.join('/')) };
    } catch {
      return { view: 'lost' };
    }
  }
  return { view: first !== 'profile' && !rest.length && first in views ? first : 'lost' };
}

let end = () => {};
let first = true;

function show() {
  if (location.hash === '#main') return; // the skip link
  const place = placeOf(location.hash);
  end();
  main.replaceChildren();
  main.dataset.view = place.view;
  end = views[place.view](main, place);
  for (const a of document.querySelectorAll('nav a')) {
    if (/** @type {HTMLElement} */ (a).dataset.view === place.view) a.setAttribute('aria-current', 'page');
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
start();
show();
