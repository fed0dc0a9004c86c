// The table of machines. There may be ten thousands, so rubber filters, sorts
// and counts them, and what is carried and drawn is a page of them.
import { ask } from './api.js';
import { h, keyed, text } from './dom.js';
import { at, onPresent, present } from './live.js';
import { cell, known } from './tables.js';
import { duration } from './units.js';
import { ago } from './when.js';
import { stateLook, stateOrder, wayOut } from './words.js';

const pageSize = 50;
const typingMs = 150; // what is typed meanwhile is asked for at once

/** Names of hosts where they are known: clouds say which by its uuid. */
const hostName = (id) => (present.status && present.status.hosts.find((x) => x.uuid === id && x.name) || { name: id }).name;

/** A machine is of an older make than new ones would be. */
function older(m) {
  const p = present.status && present.status.profiles.find((x) => x.name === m.profile);
  return Boolean(p && p.generation && m.generation && p.generation !== m.generation);
}

function stateCell() {
  const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
  const word = h('span');
  const late = h('span', { class: 'tag warn' }, 'overdue');
  const small = h('small', { class: 'under' });
  const el = h('span', { class: 'stacked' }, h('span', { class: 'state' }, sign, ' ', word, ' ', late), small);
  return {
    el,
    update(m) {
      const l = stateLook(m.state);
      el.dataset.tone = m.overdue || m.trouble ? 'warning' : l.tone;
      text(sign, l.sign);
      text(word, l.word);
      late.hidden = !m.overdue;
      text(small, [m.doing && `${m.doing} is under way`, m.protected && 'protected'].filter(Boolean).join(', '));
    },
  };
}

/** by is the order that rubber knows; "" is the one that matters. */
const columns = [
  { by: 'name', label: 'machine', rising: true, class: 'c-name', cell: cell((m) => m.name, (m) => (older(m) ? 'of an old generation' : '')) },
  { by: 'profile', label: 'profile', rising: true, class: 'c-profile narrow-out', cell: cell((m) => m.profile, (m) => m.cloud) },
  { by: '', label: 'state', rising: true, class: 'c-state', cell: stateCell },
  { by: 'age', label: 'for', class: 'num c-age', cell: cell((m) => duration(m.age_s)) },
  { by: 'busy', label: 'busy', class: 'num c-busy', cell: cell((m) => (m.slots ? `${known(m.busy)} of ${m.slots}` : m.state === 'ready' || m.state === 'draining' ? known(m.busy) : '')) },
  { by: 'idle', label: 'idle for', class: 'num narrow-out', cell: cell((m) => (m.idle_since ? ago(at(m.idle_since)) : '')) },
  { by: 'host', label: 'host', rising: true, class: 'wide-only', cell: cell((m) => hostName(m.host || '')) },
  { by: 'said', label: 'what is said of it', rising: true, class: 'why c-why', cell: cell((m) => m.trouble || m.ending || m.released || '', wayOut) },
];

/** @param {string} profile whose machines, "" for all */
export function machineTable(profile) {
  const shown = columns.filter((c) => !profile || c.by !== 'profile');
  let by = shown.find((c) => c.by === '') || shown[0];
  let rising = true;
  let from = 0;
  let ended = false;
  let seen = null; // the status that the rows are of
  let timer = 0;
  /** @type {AbortController|null} */
  let asking = null;
  let again = false; // a turn has passed while rubber was asked

  const anew = () => { from = 0; load(); };
  const heads = shown.map((c) => h('th', { scope: 'col', class: c.class }, h('button', {
    type: 'button',
    onclick() {
      if (by === c) rising = !rising;
      else [by, rising] = [c, Boolean(c.rising)];
      anew();
    },
  }, c.label, h('i', { 'aria-hidden': 'true' }))));
  const filter = h('input', {
    type: 'search', placeholder: 'filter machines', 'aria-label': 'Filter machines', maxlength: 60, autocomplete: 'off', spellcheck: 'false',
    oninput() {
      clearTimeout(timer);
      timer = setTimeout(anew, typingMs);
    },
  });
  const state = h('select', { 'aria-label': 'State', onchange: anew });
  const trouble = h('input', { type: 'checkbox', onchange: anew });
  const counted = h('span', { class: 'count', role: 'status' });
  const body = h('tbody');
  const none = h('p', { class: 'empty small', hidden: true });
  const place = h('span', { class: 'count' });
  const turn = (pages) => () => { from = Math.max(0, from + pages * pageSize); load(); };
  const back = h('button', { type: 'button', class: 'more', onclick: turn(-1) }, '← previous');
  const on = h('button', { type: 'button', class: 'more', onclick: turn(1) }, 'next →');
  const pager = h('nav', { class: 'pager', 'aria-label': 'Pages of machines', hidden: true }, back, place, on);
  const table = h('div', { class: 'scroll' }, h('table', { class: 'machines' }, h('caption', { class: 'unseen' }, 'Machines'), h('thead', null, h('tr', null, ...heads)), body));
  const el = h('div', { class: 'sorted' }, h('div', { class: 'table-tools' }, filter, state, h('label', { class: 'check' }, trouble, ' trouble only'), counted), table, none, pager);

  const row = () => {
    const cells = shown.map((c) => c.cell());
    const tr = h('tr', null, ...cells.map((one, i) => h(i === 0 ? 'th' : 'td', { class: shown[i].class, scope: i === 0 ? 'row' : undefined }, one.el)));
    return { el: tr, update: (m) => { for (const one of cells) one.update(m); } };
  };
  const option = (x) => {
    const o = h('option', { value: x.value });
    return { el: o, update: (now) => text(o, now.label) };
  };

  async function load() {
    clearTimeout(timer);
    if (asking) asking.abort();
    const mine = asking = new AbortController();
    again = false;
    seen = present.status;
    try {
      const answer = await ask('machines', {
        profile, text: filter.value.trim(), state: state.value, trouble: trouble.checked ? 'yes' : '', by: by.by, order: rising ? '' : 'falling', from, n: pageSize,
      }, mine.signal);
      if (ended || mine !== asking) return;
      draw(answer);
    } catch (e) {
      if (ended || mine !== asking) return;
      text(counted, `not asked again since: ${e.message}`);
    }
    asking = null;
    if (again) load();
  }

  function draw(answer) {
    if (answer.found > 0 && answer.from >= answer.found) { // the last ones have gone
      from = Math.floor((answer.found - 1) / pageSize) * pageSize;
      again = true;
      return;
    }
    keyed(body, answer.machines, (m) => m.intent, row);
    shown.forEach((c, i) => heads[i].setAttribute('aria-sort', c === by ? (rising ? 'ascending' : 'descending') : 'none'));
    if (document.activeElement !== state) options(answer.states);
    const all = Object.values(answer.states).reduce((n, one) => n + one, 0);
    const chosen = filter.value.trim() || state.value || trouble.checked;
    text(counted, chosen ? `${answer.found} found` : `${all} machines`);
    none.hidden = answer.found > 0;
    table.hidden = answer.found === 0;
    text(none, chosen ? 'No machine is like that.' : 'No machines.');
    pager.hidden = answer.found <= pageSize;
    text(place, `${answer.from + 1} to ${answer.from + answer.machines.length} of ${answer.found}`);
    back.disabled = answer.from === 0;
    on.disabled = answer.from + answer.machines.length >= answer.found;
  }

  /** How many there are in each state, and the one that was chosen. */
  function options(states) {
    const names = [...stateOrder.filter((x) => states[x]), ...Object.keys(states).filter((x) => !stateOrder.includes(x)).sort()];
    if (state.value && !names.includes(state.value)) names.push(state.value);
    keyed(state, [{ value: '', label: 'any state' }, ...names.map((x) => ({ value: x, label: `${x} (${states[x] || 0})` }))], (x) => x.value, option);
  }

  const stop = onPresent(() => {
    if (present.status === seen) return;
    if (asking) again = true;
    else load();
  });
  options({});
  load();
  return {
    el,
    end() {
      ended = true;
      clearTimeout(timer);
      if (asking) asking.abort();
      stop();
    },
  };
}
