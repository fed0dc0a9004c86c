// A table that sorts by its headings and is filtered by what its reader
// types. Rows are kept from one update to the next, and with them the focus.
import { h, keyed, text } from './dom.js';

/** So many of a noun, which is given for several. */
const counted = (n, noun) => `${n} ${n === 1 ? noun.replace(/ies$/, 'y').replace(/s$/, '') : noun}`;

/**
 * @typedef {object} Column
 * @property {string} id
 * @property {string} label
 * @property {(o: any) => number|string|null|undefined} by what it is sorted by; unknown goes last
 * @property {() => {el: Node, update: (o: any) => void}} cell
 * @property {string} [class] for heading and cells
 * @property {boolean} [rising] sorts rising at first
 */

/**
 * @param {{caption: string, noun: string, class?: string, columns: Column[], sort: string, limit: number, key: (o: any) => string, name: (o: any) => string, words?: (o: any) => string}} o
 * key tells items apart; a filter looks into name, key's beginning, and words if there are
 */
export function sortedTable(o) {
  let by = o.columns.find((c) => c.id === o.sort) || o.columns[0];
  let rising = Boolean(by.rising);
  let everything = false;
  let wanted = '';
  /** @type {any[]} */
  let items = [];

  const body = h('tbody');
  const heads = o.columns.map((c) => {
    const button = h('button', {
      type: 'button',
      onclick() {
        if (by === c) rising = !rising;
        else [by, rising] = [c, Boolean(c.rising)];
        draw();
      },
    }, c.label, h('i', { 'aria-hidden': 'true' }));
    return h('th', { scope: 'col', class: c.class }, button);
  });
  const filter = h('input', {
    type: 'search', placeholder: `filter ${o.noun}`, 'aria-label': `Filter ${o.noun}`, autocomplete: 'off', spellcheck: 'false',
    oninput() {
      wanted = filter.value.trim().toLowerCase();
      draw();
    },
  });
  const more = h('button', { type: 'button', class: 'more', onclick() { everything = !everything; draw(); } });
  const none = h('p', { class: 'empty small', hidden: true });
  const count = h('span', { class: 'count', role: 'status' });
  const el = h('div', { class: 'sorted' },
    h('div', { class: 'table-tools' }, filter, count),
    h('div', { class: 'scroll' }, h('table', { class: o.class }, h('caption', { class: 'unseen' }, o.caption), h('thead', null, h('tr', null, ...heads)), body)),
    none, more);

  const make = () => {
    const cells = o.columns.map((c) => c.cell());
    const el = h('tr', null, ...cells.map((cell, i) => h(i === 0 ? 'th' : 'td', { class: o.columns[i].class, scope: i === 0 ? 'row' : undefined }, cell.el)));
    return { el, update: (item) => { for (const cell of cells) cell.update(item); } };
  };

  const compare = (a, b) => {
    const x = by.by(a);
    const y = by.by(b);
    const missing = (v) => v === null || v === undefined;
    if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y)) || byName(a, b);
    const d = typeof x === 'string' ? x.localeCompare(String(y), undefined, { numeric: true }) : Number(x) - Number(y);
    return (rising ? d : -d) || byName(a, b);
  };
  const byName = (a, b) => (o.name(a) || o.key(a)).localeCompare(o.name(b) || o.key(b), undefined, { numeric: true });

  function draw() {
    const fit = items.filter((i) => !wanted || o.name(i).toLowerCase().includes(wanted) || o.key(i).startsWith(wanted) || (o.words && o.words(i).toLowerCase().includes(wanted)));
    fit.sort(compare);
    const shown = everything ? fit : fit.slice(0, o.limit);
    keyed(body, shown, o.key, make);
    o.columns.forEach((c, i) => heads[i].setAttribute('aria-sort', c === by ? (rising ? 'ascending' : 'descending') : 'none'));
    more.hidden = fit.length <= o.limit;
    text(more, everything ? `show the first ${o.limit}` : `show all ${fit.length} ${o.noun}`);
    text(count, wanted ? `${fit.length} of ${items.length}` : counted(items.length, o.noun));
    none.hidden = fit.length > 0;
    text(none, wanted ? `Nothing here has “${filter.value.trim()}” in it.` : `No ${o.noun}.`);
  }

  return {
    el,
    /** @param {any[]} next */
    update(next) {
      items = next;
      draw();
    },
  };
}
