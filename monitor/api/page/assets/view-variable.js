// One variable of an object: its state in a sentence, the plot of what it
// reads, why it is so, and what it said before.
import { Refusal, ask, objectOf } from './api.js';
import { h, text } from './dom.js';
import { explanation } from './explain.js';
import { gauge } from './gauge.js';
import { historyTable } from './history-table.js';
import { onPresent, onTransition, present } from './live.js';
import { plots } from './plots.js';
import { number, unitOf } from './units.js';
import { ago, when } from './when.js';
import { beyond, linkTo, look } from './words.js';
import { objectHead } from './view-object.js';

/** @param {HTMLElement} main @param {import('./router.js').Place} place */
export function variableView(main, place) {
  const object = { class: place.cls, uuid: place.uuid, name_label: '' };
  const variable = place.variable;
  const head = objectHead(object);
  const verdict = h('p', { class: 'verdict' });
  const why = h('section', { 'aria-labelledby': 'h-why' }, h('h2', { id: 'h-why' }, 'Why'));
  const words = h('div');
  why.append(words);
  const plotPlace = h('div');
  const past = h('section', { 'aria-labelledby': 'h-past' }, h('h2', { id: 'h-past' }, 'What it said'));
  const pastTable = h('div');
  past.append(pastTable);
  main.append(head.el, h('p', { class: 'subtitle' }, h('a', { href: linkTo(object) }, 'all of this object'), ' › ', h('b', null, variable)), verdict, plotPlace, why, past);

  let ended = false;
  let p = null;
  let rules = '';

  function judge(e) {
    const l = look(e);
    const unit = unitOf(variable, e.columns);
    const rows = e.rows || [];
    const value = rows.length ? rows[rows.length - 1].value : null;
    const level = e.rule.alarm_trigger_level;
    const g = gauge();
    g.update(value, level, e.rule.alarm_trigger_sense, unit);
    verdict.dataset.tone = l.tone;
    verdict.replaceChildren(h('span', { class: 'sign', 'aria-hidden': 'true' }, l.sign), h('b', null, l.word),
      e.since ? h('span', null, 'bad since ', when(e.since), ` (${ago(e.since)})`) : '',
      h('span', { class: 'big' }, number(value, unit)), h('span', null, `alarm ${beyond(e.rule.alarm_trigger_sense, number(level, unit))}`), g.el);
    words.replaceChildren(explanation(e, unit));
    if (!p && e.columns && e.columns.length && !e.reading) {
      p = plots(object, { span: place.query.get('span') || '10m', only: e.columns.slice(0, 64) });
      plotPlace.append(p.el);
    }
  }
  async function explain() {
    try {
      const e = await ask('explain', { object: objectOf(object), variable });
      if (ended) return;
      const open = words.querySelector('details')?.open;
      judge(e);
      const details = words.querySelector('details');
      if (details && open) details.open = true;
    } catch (e) {
      if (ended) return;
      if (e instanceof Refusal && e.status < 500) {
        text(words, `${e.message}. ${e.fix}`);
        rules = 'refused';
      }
    }
  }
  async function history() {
    try {
      const a = await ask('history', { object: objectOf(object), variable, limit: 100 });
      if (ended) return;
      pastTable.replaceChildren(a.transitions.length ? historyTable(a.transitions, { objects: false }) : h('p', { class: 'empty small' }, 'It has never raised an alarm, as far as is remembered.'));
    } catch { /* the banner says that the agent is away */ }
  }
  let row = -1;
  function update() {
    head.update();
    const now = present.overview ? present.overview.row : 0;
    if (now !== row && rules !== 'refused') {
      row = now;
      explain();
    }
  }
  update();
  history();
  const offs = [onPresent(update), onTransition(history)];
  return () => {
    ended = true;
    for (const off of offs) off();
    if (p) p.end();
  };
}
