// How all profiles do together: a few numbers with what they did lately.
import { h, text } from './dom.js';
import { history } from './history.js';
import { sparkline } from './spark.js';
import { duration, number, unknown } from './units.js';
import { count } from './words.js';

const lately = 120; // plans

/** @param {string} profile "" for all together */
export function tiles(profile) {
  const make = (label) => {
    const b = h('b');
    const sub = h('span', { class: 'sub' });
    const line = sparkline();
    const el = h('div', { class: 'tile' }, h('span', { class: 'label' }, label), b, sub, line.el);
    return { el, line, set(value, under) { text(b, value); text(sub, under); sub.title = under; } };
  };
  const t = { waits: make('Tasks that wait'), slots: make('Slots busy'), machines: make('Machines'), wait: make('Longest wait') };
  const el = h('section', { class: 'tiles', 'aria-label': 'Numbers' }, ...Object.values(t).map((x) => x.el));
  const end = history(profile, (x) => {
    const last = (list) => list.slice(-lately);
    t.waits.line.update(last(x.waits), { floor: 0, ceiling: 1 });
    t.slots.line.update(last(x.running), { floor: 0, ceiling: Math.max(1, ...last(x.slots)) });
    t.machines.line.update(last(x.have), { floor: 0, ceiling: 1 });
    t.wait.line.update(last(x.oldest_s), { floor: 0, ceiling: 1 });
  });
  return {
    el, end,
    /** @param {any} s the status @param {any[]} profiles */
    update(s, profiles) {
      const total = (f) => profiles.reduce((n, p) => (n === null || f(p) === null ? null : n + f(p)), 0);
      const waits = total((p) => p.waits);
      const blind = profiles.filter((p) => p.waits === null).length;
      const rates = total((p) => p.arrivals_per_s);
      t.waits.set(waits === null ? unknown : number(waits), blind && profiles.length > 1 ? `not known of ${count(blind, 'profile')}` : waits === null ? 'not known' : rates === null ? '' : `${number(rates * 60)} come in a minute`);
      const slots = total((p) => p.slots + p.static_slots);
      const fixed = total((p) => p.static_slots);
      t.slots.set(`${number(total((p) => p.busy + p.static_busy))} of ${number(slots)}`, fixed ? `${number(fixed)} on workers that no cloud owns` : '');
      const have = total((p) => p.have);
      const states = (...names) => total((p) => names.reduce((n, name) => n + (p.states[name] || 0), 0));
      const parts = [[states('ready'), 'ready'], [states('requested', 'building', 'booting'), 'coming'], [states('resting'), 'resting'], [states('draining', 'deleting'), 'going'], [states('warm'), 'warm']];
      t.machines.set(profile ? `${have} of ${total((p) => p.want)}` : `${have} of ${s.max_machines}`, parts.filter(([n]) => n).map(([n, word]) => `${n} ${word}`).join(', ') || 'none');
      const oldest = profiles.filter((p) => p.waits !== 0).map((p) => p.oldest_s);
      const worst = oldest.filter((v) => v !== null);
      t.wait.set(oldest.length === 0 ? (profiles.length ? '0 s' : unknown) : worst.length ? duration(Math.max(...worst)) : unknown,
        oldest.length === 0 ? (profiles.length ? 'nobody waits' : '') : worst.length === 0 ? 'not known' : worst.length < oldest.length ? 'where it is known' : '');
    },
  };
}
