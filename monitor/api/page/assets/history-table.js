// What alarms said, newest first, with a heading for each day.
import { h } from './dom.js';
import { number, unitOf } from './units.js';
import { clockOnly, longDayText } from './when.js';
import { beyond, classWord, kindLook, linkTo, nameOf } from './words.js';

/**
 * @param {any[]} transitions newest first
 * @param {{objects?: boolean}} [o] objects: with the object of each
 */
export function historyTable(transitions, o = { objects: true }) {
  const rows = [];
  let day = '';
  const width = o.objects ? 5 : 4;
  for (const t of transitions) {
    const d = longDayText(t.time);
    if (d !== day) {
      day = d;
      rows.push(h('tr', { class: 'day' }, h('th', { scope: 'rowgroup', colspan: width }, d)));
    }
    const l = kindLook(t);
    const unit = unitOf(t.variable, t.columns);
    rows.push(h('tr', { dataset: { tone: l.tone } },
      h('td', { class: 'at' }, clockOnly(t.time)),
      h('td', { class: 'kind' }, h('span', { class: 'state' }, h('span', { class: 'sign', 'aria-hidden': 'true' }, l.sign), ' ', l.word)),
      o.objects ? h('td', { class: 'object' }, h('a', { href: linkTo(t) }, nameOf(t)), h('small', null, ` ${classWord[t.class] || t.class}`)) : null,
      h('td', { class: 'variable' }, h('a', { href: linkTo(t, t.variable) }, t.variable)),
      h('td', { class: 'num' }, number(t.value, unit), h('small', { class: 'narrow-out' }, ` ${beyond(t.sense, number(t.level, unit))}${t.silenced ? ' · silenced' : ''}${t.inhibited ? ' · inhibited' : ''}`))));
  }
  return h('div', { class: 'scroll' }, h('table', { class: 'history' }, h('caption', { class: 'unseen' }, 'What alarms said, newest first'),
    h('thead', null, h('tr', null, ...['time', 'what', o.objects ? 'object' : null, 'variable', 'value'].filter(Boolean).map((t) => h('th', { scope: 'col' }, t)))),
    h('tbody', null, ...rows)));
}
