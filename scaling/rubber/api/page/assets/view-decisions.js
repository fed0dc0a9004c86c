// All that was decided and that happened, newest first, with a heading a day.
import { h, text } from './dom.js';
import { at, onPresent, present } from './live.js';
import { clockOnly, longDayText } from './when.js';
import { decisionLook, profileLink } from './words.js';

const most = 300;

/** @param {HTMLElement} main */
export function decisionsView(main) {
  const filter = h('input', { type: 'search', placeholder: 'filter decisions', 'aria-label': 'Filter by profile, machine or words', autocomplete: 'off', spellcheck: 'false', oninput: () => draw(true) });
  const loud = h('input', { type: 'checkbox', onchange: () => draw(true) });
  const counted = h('span', { class: 'count', role: 'status' });
  const body = h('tbody');
  const table = h('div', { class: 'scroll' }, h('table', { class: 'feed' }, h('caption', { class: 'unseen' }, 'Decisions, newest first'),
    h('thead', null, h('tr', null, ...['time', 'what', 'profile', 'in words'].map((t) => h('th', { scope: 'col' }, t)))), body));
  const none = h('p', { class: 'empty' });
  main.append(h('div', { class: 'head' }, h('h1', null, 'Decisions'), filter, h('label', { class: 'check' }, loud, ' trouble only'), counted), none, table);

  let before = null;
  function draw(anew = false) {
    if (!anew && before === present.decisions) return;
    before = present.decisions;
    const wanted = filter.value.trim().toLowerCase();
    const fit = present.decisions.filter((d) => (!loud.checked || decisionLook(d).kind === 'bad') && (!wanted || `${d.event} ${d.profile || ''} ${d.name || ''} ${d.text}`.toLowerCase().includes(wanted))).reverse();
    none.hidden = fit.length > 0;
    table.hidden = fit.length === 0;
    text(none, present.decisions.length ? 'Nothing here is like that.' : 'Nothing was decided yet. What is decided from now on is kept here.');
    text(counted, fit.length < present.decisions.length ? `${fit.length} of ${present.decisions.length}` : `${fit.length} kept`);
    const rows = [];
    let day = '';
    for (const d of fit.slice(0, most)) {
      const on = longDayText(at(d.at));
      if (on !== day) {
        day = on;
        rows.push(h('tr', { class: 'day' }, h('th', { scope: 'rowgroup', colspan: 4 }, on)));
      }
      const l = decisionLook(d);
      rows.push(h('tr', { dataset: { tone: l.tone } },
        h('td', { class: 'at' }, clockOnly(at(d.at))),
        h('td', { class: 'what' }, h('span', { class: 'state' }, h('span', { class: `sign mark-${l.kind}`, 'aria-hidden': 'true' }, l.sign), ' ', l.word)),
        h('td', { class: 'of' }, d.profile ? h('a', { href: profileLink(d.profile) }, d.profile) : ''),
        h('td', { class: 'said' }, d.text)));
    }
    if (fit.length > most) rows.push(h('tr', null, h('td', { colspan: 4, class: 'dim' }, `and ${fit.length - most} older: filter to see them`)));
    body.replaceChildren(...rows);
  }
  draw(true);
  return onPresent(() => draw());
}
