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

/** What the rule has beside its level: what warns, clears and is no data. */
function alsoOf(r, unit) {
  const low = r.alarm_trigger_sense === 'low';
  const levels = [r.alarm_trigger_level, r.alarm_warning_level, r.alarm_clear_level].filter((l) => l !== undefined);
  const fine = low ? Math.max(...levels) : Math.min(...levels);
  const parts = [];
  if (r.alarm_warning_level !== undefined) parts.push(`warning when it is ${beyond(r.alarm_trigger_sense, number(r.alarm_warning_level, unit))} for as long`);
  parts.push(`cleared when it is ${number(fine, unit)} or ${low ? 'above' : 'below'}${r.alarm_clear_period > 0 ? ` for ${duration(r.alarm_clear_period)}` : ''}`);
  if (r.alarm_nodata_period > 0) parts.push(`no data when it is unknown for ${duration(r.alarm_nodata_period)}`);
  return parts.map((p) => `; ${p}`).join('');
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

/** What would keep the next words from a sink. */
function keepsBack(e, k) {
  const parts = [];
  if (k.filtered) parts.push('its filter leaves this alarm out');
  if (k.hold_silenced) parts.push(`held back by ${e.muted || 'a silence'}`);
  if (k.hold_inhibited) parts.push('held back by the inhibit period');
  return parts;
}

/** Whether a sink knows of the alarm. What waits is not told, whatever was told before it. */
function sinkLine(e, k) {
  const keeps = keepsBack(e, k);
  const parts = [];
  if (k.waiting > 0) parts.push([`not told yet: ${k.waiting === 1 ? '1 event waits' : `${k.waiting} events wait`}`, ...(k.waiting_since ? [' since ', when(k.waiting_since)] : [])]);
  else if (k.refused && k.last_error_ours) parts.push(['not told: it has refused what was said last, which is lost']);
  else if (k.told) parts.push(['told']);
  else {
    const said = ['firing', 'clearing', 'nodata'].includes(e.state);
    const why = keeps.splice(0).join(', ') || (said ? 'it was held back when it was said, or the sink is new' : '');
    parts.push([`${said ? 'not told' : 'nothing to tell'}${why ? `: ${why}` : ''}`]);
  }
  for (const why of keeps) parts.push([`from now on ${why}`]);
  if (k.away) parts.push(['it takes nothing at present', ...(k.next_try ? [', and is tried again at ', when(k.next_try)] : [])]);
  return h('li', null, h('b', null, k.sink), ' ', ...parts.flatMap((p, i) => (i ? ['; ', ...p] : p)));
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
      ...item('rule', 'alarm when the ', folded(e), ` is ${beyond(r.alarm_trigger_sense, level)} for ${duration(r.alarm_trigger_period)}`, alsoOf(r, unit),
        r.alarm_auto_inhibit_period ? `; after an alarm quiet for ${duration(r.alarm_auto_inhibit_period)}` : '', `; priority ${r.alarm_priority}`),
      ...(e.from ? item('from', h('code', null, e.from)) : []),
      ...(e.columns && e.columns.length ? item('reads', e.columns.slice(0, 24).join(', '), e.columns.length > 24 ? ` and ${e.columns.length - 24} more` : '') : []),
      ...(e.problem ? item('problem', h('strong', null, e.problem)) : []),
      ...(e.state === 'pending' && e.bad_for_s ? item('bad for', duration(e.bad_for_s)) : []),
      ...(next.length ? item('next', h('ul', null, ...next)) : []),
      ...(held.length ? item('held back', h('ul', null, ...held)) : []),
      ...(e.sinks && e.sinks.length ? item('sinks', h('ul', null, ...e.sinks.map((k) => sinkLine(e, k)))) : [])),
    rows.length ? h('details', null, h('summary', null, `the last ${rows.length} rows`),
      h('div', { class: 'scroll' }, h('table', { class: 'rows' }, h('caption', { class: 'unseen' }, 'The last rows, newest first'),
        h('thead', null, h('tr', null, ...['time', 'value', 'grade'].map((t) => h('th', { scope: 'col' }, t)))),
        h('tbody', null, ...rows.map((x) => h('tr', null,
          h('td', null, h('time', { datetime: new Date(x.t * 1000).toISOString(), title: utcText(x.t) }, hourMinuteSecond(x.t))),
          h('td', { class: 'num' }, number(x.value, unit)), h('td', null, x.grade || unknown))))))) : null);
}
