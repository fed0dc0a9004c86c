// What alarms said: a picture of the last day, and the table.
import { Refusal, ask } from './api.js';
import { h, text } from './dom.js';
import { historyTable } from './history-table.js';
import { lanes } from './lanes.js';
import { onTransition } from './live.js';
import { nowSeconds, when } from './when.js';
import { nameOf } from './words.js';

const limit = 500;

/** @param {HTMLElement} main */
export function historyView(main) {
  const filter = h('input', { type: 'search', placeholder: 'filter history', 'aria-label': 'Filter by object or variable', autocomplete: 'off', spellcheck: 'false', oninput: () => show() });
  const count = h('span', { class: 'count', role: 'status' });
  const picture = h('div');
  const table = h('div');
  const end = h('p', { class: 'dim' });
  main.append(h('div', { class: 'head' }, h('h1', null, 'History'), filter, count), picture, table, end);

  let answer = null;
  function show() {
    if (!answer) return;
    const wanted = filter.value.trim().toLowerCase();
    const fit = answer.transitions.filter((t) => !wanted || `${nameOf(t)} ${t.uuid} ${t.variable} ${t.kind}`.toLowerCase().includes(wanted));
    const now = nowSeconds();
    picture.replaceChildren(lanes(fit, now - 86400, now) || '');
    if (answer.transitions.length === 0) {
      table.replaceChildren(h('p', { class: 'empty' }, 'No alarm has said anything yet. What is raised and cleared from now on is kept here. ', h('code', null, 'perfmonctl test'), ' tries triggers on made-up rows.'));
    } else if (fit.length === 0) table.replaceChildren(h('p', { class: 'empty small' }, `Nothing here has “${wanted}” in it.`));
    else table.replaceChildren(historyTable(fit));
    text(count, wanted ? `${fit.length} of ${answer.transitions.length}` : '');
    end.replaceChildren(...(answer.oldest ? [answer.complete ? 'That is all that is remembered; it begins at ' : 'There is more; what is remembered begins at ', when(answer.oldest), '.'] : []));
  }
  async function load() {
    try {
      answer = await ask('history', { limit });
      show();
    } catch (e) {
      table.replaceChildren(h('p', { class: 'empty' }, e instanceof Refusal ? `${e.message}. ${e.fix}` : 'No history: the agent does not answer.'));
    }
  }
  load();
  return onTransition(load);
}
