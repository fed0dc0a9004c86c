// Alarms of the last day as lanes: one an object and variable, a bar from
// raised to cleared.
import { h, s } from './dom.js';
import { spansOf } from './marks.js';
import { hourMinute, utcText } from './when.js';
import { linkTo, nameOf } from './words.js';

const most = 14;

/**
 * @param {any[]} transitions newest first @param {number} start @param {number} end
 */
export function lanes(transitions, start, end) {
  const by = new Map();
  for (const t of [...transitions].reverse()) {
    const key = `${t.class}/${t.uuid}/${t.variable}`;
    if (!by.has(key)) by.set(key, []);
    by.get(key).push(t);
  }
  const all = [...by.values()].map((list) => ({ list, last: list[list.length - 1], spans: spansOf(list, start, end).filter((x) => x.to >= start) }))
    .filter((l) => l.spans.length > 0)
    .sort((a, b) => b.last.time - a.last.time);
  const x = (t) => ((Math.min(end, Math.max(start, t)) - start) / (end - start)) * 1000;
  /** A short alarm is seen all the same, and one that has just begun is not off the edge. */
  const barOf = (sp) => {
    const width = Math.max(5, x(sp.to) - x(sp.from));
    return s('rect', { class: `tone-${sp.tone}`, x: Math.min(x(sp.from), 1000 - width), y: 3, width, height: 10, rx: 2 });
  };
  const hours = [];
  const step = 3 * 3600;
  for (let t = Math.ceil(start / step) * step; t < end; t += step) hours.push(t);
  const rows = all.slice(0, most).map(({ last, spans }) => h('li', null,
    h('a', { href: linkTo(last, last.variable) }, h('b', null, nameOf(last)), ' ', last.variable),
    s('svg', { viewBox: '0 0 1000 16', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      ...hours.map((t) => s('line', { class: 'hour', x1: x(t), x2: x(t), y1: 0, y2: 16 })),
      ...spans.map((sp) => barOf(sp)))));
  if (rows.length === 0) return null;
  const axis = h('li', { class: 'axis', 'aria-hidden': 'true' }, h('span'), h('span', { class: 'hours' }, ...hours.map((t) => {
    const el = h('i', { title: utcText(t) }, hourMinute(t));
    el.style.left = `${x(t) / 10}%`;
    if (x(t) > 960) el.className = 'end'; // not over the edge
    return el;
  })));
  return h('ul', { class: 'lanes', 'aria-label': 'Alarms of the last 24 hours' }, ...rows, axis,
    all.length > most ? h('li', { class: 'count' }, `and ${all.length - most} more below`) : null);
}
