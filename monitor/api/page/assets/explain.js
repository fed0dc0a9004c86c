// An explanation of a variable in words: why it is in its state, what comes
// next, and who was told.
import { h } from './dom.js';
import { duration, number, unknown } from './units.js';
import { hourMinuteSecond, utcText, when } from './when.js';
import { beyond } from './words.js';

const item = (term, ...what) => [h('dt', null, term), h('dd', null, ...what)];

/** "average of cpu[0-9]+" */
function folded(e) {
  const r = e.rule;
  if (e.reading || !r.rrd_regex) return r.consolidation_fn;
  return [`${r.consolidation_fn} of `, h('code', null, r.rrd_regex)];
}

/** What the next rows would bring. */
function nextItems(e, unit) {
  const level = number(e.rule.alarm_trigger_level, unit);
  const ifs = {
    critical: `stays ${beyond(e.rule.alarm_trigger_sense, level)}`, warning: 'stays bad for a warning', fine: 'is fine from now on', unknown: 'is unknown from now on',
  };
  return (e.next || []).map((n) => h('li', null, `${n.kind}${n.severity ? ` (${n.severity})` : ''} at `, when(n.at), ` if it ${ifs[n.if] || `is ${n.if}`}`, n.inhibited ? ', held back by the inhibit period' : ''));
}

function heldBack(e) {
  const parts = [];
  if (e.muted) parts.push(h('li', null, e.muted));
  if (e.inhibit_until && e.inhibit_until > e.now) parts.push(h('li', null, 'no message and no repeat until ', when(e.inhibit_until)));
  return parts;
}

function sinkLine(k) {
  const parts = [k.told ? 'told' : k.waiting ? `not told yet: ${k.waiting} waiting` : 'not told'];
  if (k.filtered) parts.push('its filter leaves this alarm out');
  if (k.hold_silenced) parts.push('from now on held back by a silence');
  if (k.hold_inhibited) parts.push('from now on held back by the inhibit period');
  if (k.away) parts.push('it is away');
  return h('li', null, h('b', null, k.sink), ` ${parts.join('; ')}`);
}

/**
 * @param {any} e the answer of /v1/explain
 * @param {string} unit
 */
export function explanation(e, unit) {
  const r = e.rule;
  const level = number(r.alarm_trigger_level, unit);
  const next = nextItems(e, unit);
  const held = heldBack(e);
  const rows = [...(e.rows || [])].reverse();
  return h('div', { class: 'explain' },
    h('dl', null,
      ...item('rule', 'alarm when the ', folded(e), ` is ${beyond(r.alarm_trigger_sense, level)} for ${duration(r.alarm_trigger_period)}`,
        r.alarm_auto_inhibit_period ? `; after an alarm quiet for ${duration(r.alarm_auto_inhibit_period)}` : '', `; priority ${r.alarm_priority}`),
      ...(e.from ? item('from', h('code', null, e.from)) : []),
      ...(e.columns && e.columns.length ? item('reads', e.columns.slice(0, 24).join(', '), e.columns.length > 24 ? ` and ${e.columns.length - 24} more` : '') : []),
      ...(e.problem ? item('problem', h('strong', null, e.problem)) : []),
      ...(e.state === 'pending' && e.bad_for_s ? item('bad for', duration(e.bad_for_s)) : []),
      ...(next.length ? item('next', h('ul', null, ...next)) : []),
      ...(held.length ? item('held back', h('ul', null, ...held)) : []),
      ...(e.sinks && e.sinks.length ? item('sinks', h('ul', null, ...e.sinks.map(sinkLine))) : [])),
    rows.length ? h('details', null, h('summary', null, `the last ${rows.length} rows`),
      h('div', { class: 'scroll' }, h('table', { class: 'rows' }, h('caption', { class: 'unseen' }, 'The last rows, newest first'),
        h('thead', null, h('tr', null, ...['time', 'value', 'grade'].map((t) => h('th', { scope: 'col' }, t)))),
        h('tbody', null, ...rows.map((x) => h('tr', null,
          h('td', null, h('time', { datetime: new Date(x.t * 1000).toISOString(), title: utcText(x.t) }, hourMinuteSecond(x.t))),
          h('td', { class: 'num' }, number(x.value, unit)), h('td', null, x.grade || unknown))))))) : null);
}
