// The tables of profiles, hosts and storage.
import { h, text } from './dom.js';
import { sparkline } from './spark.js';
import { sortedTable } from './table.js';
import { bar } from './gauge.js';
import { bytes, duration, number, percent, unknown } from './units.js';
import { count, profileLink, stateOrder } from './words.js';

/** A cell of text, with a second line if there is one. */
export const cell = (show, note) => () => {
  const main = h('span');
  const small = h('small', { class: 'under' });
  return {
    el: h('span', { class: 'stacked' }, main, small),
    update(o) {
      text(main, show(o));
      text(small, note ? note(o) || '' : '');
    },
  };
};

export const known = (n) => (n === null || n === undefined ? unknown : String(n));

/** The tone of a profile: what its line is told by. */
export function profileLook(p) {
  if (p.error && p.waits === null) return { tone: 'nodata', sign: '?', word: 'demand is not known' };
  if (p.blocked) return { tone: 'warning', sign: '◆', word: 'no machine can be had' };
  if (p.error) return { tone: 'warning', sign: '◆', word: 'not all of it is known' };
  if (p.have < p.want) return { tone: 'pending', sign: '◔', word: 'growing' };
  return { tone: 'fine', sign: '●', word: 'fine' };
}

/** @param {(name: string) => (number|null)[]} pastOf tasks of the last plans */
export function profileTable(pastOf) {
  const nameCell = () => {
    const sign = h('span', { class: 'sign', role: 'img' });
    const name = h('span');
    const a = h('a', { class: 'object-name' }, sign, name);
    return {
      el: a,
      update(p) {
        const l = profileLook(p);
        a.href = profileLink(p.name);
        a.dataset.tone = l.tone;
        text(sign, l.sign);
        sign.setAttribute('aria-label', l.word);
        text(name, p.name);
      },
    };
  };
  const sparkCell = () => {
    const line = sparkline();
    return { el: h('span', { class: 'spark-cell' }, line.el), update: (p) => line.update(pastOf(p.name), { floor: 0, ceiling: Math.max(1, p.slots + p.static_slots) }) };
  };
  const loadCell = () => {
    const b = bar();
    const n = h('span');
    return {
      el: h('span', { class: 'share even' }, b.el, n),
      update(p) {
        const all = p.slots + p.static_slots;
        b.update(all ? (p.busy + p.static_busy) / all : null);
        text(n, `${p.busy + p.static_busy} of ${all}`);
      },
    };
  };
  return sortedTable({
    caption: 'Profiles', noun: 'profiles', sort: 'waits', limit: 20, key: (p) => p.name, name: (p) => p.name, words: (p) => `${p.queue} ${p.broker} ${p.cloud}`,
    columns: [
      { id: 'name', label: 'profile', by: (p) => p.name, rising: true, cell: nameCell },
      { id: 'waits', label: 'wait', class: 'num', by: (p) => p.waits, cell: cell((p) => known(p.waits)) },
      { id: 'running', label: 'with workers', class: 'num narrow-out', by: (p) => p.running, cell: cell((p) => known(p.running)) },
      { id: 'oldest', label: 'oldest', class: 'num', by: (p) => p.oldest_s, cell: cell((p) => (p.waits === 0 ? '' : p.oldest_s === null ? unknown : duration(p.oldest_s))) },
      { id: 'past', label: 'tasks lately', class: 'wide-only', by: (p) => (p.waits ?? 0) + (p.running ?? 0), cell: sparkCell },
      { id: 'slots', label: 'slots busy', class: 'num wide-only', by: (p) => p.slots + p.static_slots, cell: loadCell },
      { id: 'have', label: 'machines', class: 'num', by: (p) => p.have, cell: cell((p) => `${p.have} of ${p.want}`, (p) => (p.states.warm ? `${p.states.warm} warm` : '')) },
      { id: 'why', label: 'why', class: 'why narrow-out', by: (p) => p.blocked || p.error || p.reasons[0] || '', rising: true, cell: cell((p) => p.blocked || p.error || p.reasons[0] || '') },
    ],
  });
}

/** "5 ready, 2 booting" */
export const statesText = (states) => stateOrder.filter((s) => states[s]).map((s) => `${states[s]} ${s}`).join(', ');

const effects = { contended: 'contended', memory: 'short of memory', network: 'network saturated', disk: 'slow disk', danger: 'in danger' };

/** How a host stands. */
export function hostLook(x) {
  if (x.silent) return { tone: 'nodata', sign: '?', word: 'silent' };
  if (x.bad.includes('danger')) return { tone: 'critical', sign: '▲', word: effects.danger };
  if (x.bad.length) return { tone: 'warning', sign: '◆', word: x.bad.map((b) => effects[b] || b).join(', ') };
  return { tone: 'fine', sign: '●', word: 'fine' };
}

/** How a storage repository stands. */
export function storageLook(x) {
  if (x.bad.length && x.alarms.some((a) => a.known && a.severity === 'critical')) return { tone: 'critical', sign: '▲', word: x.bad.join(', ') };
  if (x.bad.length) return { tone: 'warning', sign: '◆', word: x.bad.join(', ') };
  if (x.alarms.some((a) => !a.known)) return { tone: 'nodata', sign: '?', word: 'not known' };
  return { tone: 'fine', sign: '●', word: 'fine' };
}

const rank = { critical: 3, warning: 2, nodata: 1, fine: 0 };

/** A cell of a sign and a word. */
const lookCell = (look) => () => {
  const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
  const word = h('span');
  const el = h('span', { class: 'state' }, sign, ' ', word);
  return {
    el,
    update(x) {
      const l = look(x);
      el.dataset.tone = l.tone;
      text(sign, l.sign);
      text(word, l.word);
    },
  };
};

const alarmText = (a) => `${a.known ? '' : 'not known any more: '}${a.variable} of ${a.name || `${a.class} ${a.uuid.slice(0, 8)}`}${a.severity ? ` (${a.severity})` : ''}`;
const alarmsText = (x) => x.alarms.slice(0, 3).map(alarmText).join('; ') + (x.alarms.length > 3 ? ` and ${count(x.alarms.length - 3, 'more alarm')}` : '');
const alarmsColumn = { id: 'alarms', label: 'alarms', class: 'why c-why', by: (x) => x.alarms.length, cell: cell(alarmsText) };

/** Repositories that have an alarm, or that a host has attached. */
export function storageTable() {
  const usedCell = () => {
    const b = bar();
    const n = h('span');
    return {
      el: h('span', { class: 'share' }, b.el, n),
      update(x) {
        const share = usedShare(x);
        b.el.hidden = share === null;
        b.update(share);
        text(n, share === null ? unknown : percent(share));
        n.title = share === null ? '' : `${bytes(x.used_bytes)} of ${bytes(x.size_bytes)}`;
      },
    };
  };
  const usedShare = (x) => (x.used_bytes === null || !x.size_bytes ? null : x.used_bytes / x.size_bytes);
  return sortedTable({
    caption: 'Storage', noun: 'repositories', class: 'hosts storage', sort: 'state', limit: 20, key: (x) => x.uuid, name: (x) => x.name || '', words: (x) => storageLook(x).word,
    columns: [
      { id: 'name', label: 'storage', class: 'c-name', by: (x) => x.name || x.uuid, rising: true, cell: cell((x) => x.name || x.uuid, (x) => (x.name ? x.uuid : '')) },
      { id: 'state', label: 'state', class: 'c-state', by: (x) => rank[storageLook(x).tone], cell: lookCell(storageLook) },
      { id: 'used', label: 'used', class: 'num c-age', by: usedShare, cell: usedCell },
      { id: 'latency', label: 'a request takes', class: 'num c-busy', by: (x) => x.latency_s, cell: cell((x) => number(x.latency_s, 's')) },
      { id: 'hosts', label: 'hosts', class: 'num wide-only', by: (x) => x.hosts.length, cell: cell((x) => String(x.hosts.length || '')) },
      alarmsColumn,
    ],
  });
}

export function hostTable() {
  const freeCell = () => {
    const b = bar();
    const n = h('span');
    return {
      el: h('span', { class: 'share' }, b.el, n),
      update(x) {
        const share = x.free_memory_bytes === null || !x.total_memory_bytes ? null : x.free_memory_bytes / x.total_memory_bytes;
        b.el.hidden = !x.total_memory_bytes;
        b.update(share === null ? null : 1 - share);
        text(n, bytes(x.free_memory_bytes));
        n.title = share === null ? '' : `${percent(share)} of ${bytes(x.total_memory_bytes)} is free`;
      },
    };
  };
  return sortedTable({
    caption: 'Hosts', noun: 'hosts', class: 'hosts', sort: 'state', limit: 50, key: (x) => x.uuid, name: (x) => x.name || '', words: (x) => hostLook(x).word,
    columns: [
      { id: 'name', label: 'host', class: 'c-name', by: (x) => x.name || x.uuid, rising: true, cell: cell((x) => x.name || x.uuid, (x) => (x.name ? x.uuid : '')) },
      { id: 'state', label: 'state', class: 'c-state', by: (x) => rank[hostLook(x).tone], cell: lookCell(hostLook) },
      { id: 'free', label: 'memory free', class: 'num c-age', by: (x) => x.free_memory_bytes, cell: freeCell },
      { id: 'ours', label: 'machines', class: 'num c-busy', by: (x) => x.machines, cell: cell((x) => String(x.machines || '')) },
      alarmsColumn,
    ],
  });
}
