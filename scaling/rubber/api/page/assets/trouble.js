// What is wrong, and the way out: the lines at the head of the first view.
import { h, keyed, text } from './dom.js';
import { at } from './live.js';
import { clockText } from './when.js';
import { count, kindWord, profileLink, triesText, wayOut } from './words.js';

/**
 * @typedef {object} Trouble
 * @property {string} key
 * @property {'critical'|'warning'|'nodata'|'pending'} tone
 * @property {string} what whom it is about
 * @property {string} text one sentence
 * @property {string} [fix]
 * @property {string} [href]
 */

/** So many of one kind are told; more are counted. */
const most = 4;

/** @param {Trouble[]} list @param {any[]} all @param {(x: any) => Trouble} of @param {string} noun @param {string} href @param {number} [n] where all are only the first */
function some(list, all, of, noun, href, n = all.length) {
  for (const x of all.slice(0, most)) list.push(of(x));
  if (n > most) list.push({ key: `more ${noun}`, tone: 'warning', what: `and ${n - most} more`, text: `${noun} in the same state`, href });
}

/** @returns {Trouble[]} the worst first */
export function troubles(s) {
  /** @type {Trouble[]} */
  const list = [];
  const waits = s.role === 'standby' || s.role === 'starting';
  if (s.problem && !waits) list.push({ key: 'problem', tone: 'critical', what: 'rubber', text: s.problem }); // who waits is told of above
  if (s.engine && !s.engine.connected) list.push({ key: 'engine', tone: 'critical', what: 'engine', text: s.engine.error || `no connection to ${s.engine.where}`, href: '#/sources' });
  for (const [kind, sources] of [['broker', s.brokers], ['cloud', s.clouds]]) {
    for (const x of sources) {
      if (x.ok || (!x.error && !x.last_good)) continue;
      list.push({ key: `${kind} ${x.name}`, tone: x.fails > 0 ? 'critical' : 'warning', what: `${kind} ${x.name}`, text: x.error, fix: triesText(x, x.next_try ? clockText(at(x.next_try)) : ''), href: '#/sources' });
    }
  }
  const away = new Set(s.brokers.filter((b) => !b.ok && b.fails > 0).map((b) => b.name));
  some(list, s.profiles.filter((p) => p.error && !away.has(p.broker)), (p) => ({ key: `profile ${p.name}`, tone: 'warning', what: `profile ${p.name}`, text: p.error, href: profileLink(p.name) }), 'profiles', '#/');
  some(list, s.brakes, (b) => ({
    key: `brake ${b.cloud} ${b.profile || ''} ${b.kind}`, tone: 'warning', what: b.profile ? `${b.profile} in ${b.cloud}` : `cloud ${b.cloud}`,
    text: `no machines are asked for until ${clockText(at(b.until))}  (${kindWord(b)}): ${b.text}`, fix: b.hint, href: b.profile ? profileLink(b.profile) : '#/sources',
  }), 'brakes', '#/sources');
  some(list, s.machines.filter((m) => m.trouble || m.overdue), (m) => ({
    key: `machine ${m.intent}`, tone: 'warning', what: m.name, text: `${m.state}${m.overdue ? ' for too long' : ''}${m.trouble ? `: ${m.trouble}` : ''}`, fix: wayOut(m), href: '#/machines',
  }), 'machines', '#/machines', s.machines_in_trouble);
  some(list, s.hosts.filter((x) => x.silent), (x) => ({ key: `silent ${x.uuid}`, tone: 'nodata', what: `host ${x.name || x.uuid}`, text: 'its agent is silent: nothing is let go there', href: '#/hosts' }), 'hosts', '#/hosts');
  some(list, s.hosts.filter((x) => !x.silent && x.bad.length), (x) => ({
    key: `bad ${x.uuid}`, tone: 'warning', what: `host ${x.name || x.uuid}`, text: `${x.bad.join(', ')}: ${[...new Set(x.alarms.map((a) => a.variable))].join(', ')}`,
    fix: 'new machines go elsewhere where there is room, and its own are let go first', href: '#/hosts',
  }), 'hosts', '#/hosts');
  for (const x of s.hearing) {
    if (!x.connected || x.error) list.push({ key: `hearing ${x.name}`, tone: 'nodata', what: `alarms by ${x.name}`, text: x.error || 'no connection', href: '#/sources' });
  }
  some(list, s.strange, (x) => ({
    key: `strange ${x.cloud} ${x.id}`, tone: 'warning', what: x.name || x.id, text: `a machine with our mark and without a record in ${x.cloud}: ${x.reason}`,
    fix: x.until ? `let go at ${clockText(at(x.until))}` : '', href: '#/machines',
  }), 'strange machines', '#/machines', s.strange_count);
  some(list, s.unread, (x) => ({ key: `unread ${x}`, tone: 'critical', what: 'a record', text: x }), 'records', '#/machines', s.unread_count);
  const rank = { critical: 0, warning: 1, nodata: 2, pending: 3 };
  return list.map((t, i) => ({ t, i })).sort((a, b) => rank[a.t.tone] - rank[b.t.tone] || a.i - b.i).map(({ t }) => t);
}

const signs = { critical: '▲', warning: '◆', nodata: '?', pending: '◔' };

/** The lines as a list, each leading to what it is about. */
export function troubleList() {
  const el = h('ul', { class: 'troubles' });
  const make = () => {
    const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
    const what = h('b');
    const words = h('span');
    const fix = h('small');
    const a = h('a', null, sign, what, h('span', { class: 'said' }, words, fix));
    const li = h('li', null, a);
    return {
      el: li,
      /** @param {Trouble} t */
      update(t) {
        li.dataset.tone = t.tone;
        text(sign, signs[t.tone]);
        text(what, t.what);
        text(words, t.text);
        text(fix, t.fix || '');
        if (t.href) a.href = t.href;
        else a.removeAttribute('href');
      },
    };
  };
  return {
    el,
    update(s) {
      const list = s ? troubles(s) : [];
      el.hidden = list.length === 0;
      keyed(el, list, (t) => t.key, make);
    },
  };
}

/** What is said where nothing is wrong. */
export const calmText = (s) => `Nothing is wrong: ${count(s.profiles.length, 'profile')}, ${count(s.brokers.length, 'broker')} and ${count(s.clouds.length, 'cloud')} are watched.`;
