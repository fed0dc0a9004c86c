// All machines, those with trouble first, and those that have no record.
import { h, keyed, text } from './dom.js';
import { at, onPresent, present } from './live.js';
import { machineTable } from './machines.js';
import { clockText } from './when.js';

/** @param {HTMLElement} main */
export function machinesView(main) {
  const table = machineTable('');
  const none = h('p', { class: 'empty', hidden: true }, 'There is no machine now. The first is asked for when there is work for it.');
  const list = h('ul', { class: 'notes' });
  const strange = h('section', { hidden: true, 'aria-labelledby': 'h-strange' }, h('h2', { id: 'h-strange' }, 'Without a record'), list);
  const say = () => {
    const el = h('li');
    return { el, update: (x) => text(el, x.text) };
  };
  main.append(h('div', { class: 'head' }, h('h1', null, 'Machines')), none, table.el, strange);
  function update() {
    const s = present.status;
    if (!s) return;
    none.hidden = s.machine_count > 0;
    table.el.hidden = s.machine_count === 0;
    const lines = [
      ...s.strange.map((x) => ({ key: `${x.cloud} ${x.id}`, text: `${x.name || x.id} in ${x.cloud}: ${x.reason}${x.until ? `; it is let go at ${clockText(at(x.until))}` : ''}` })),
      ...s.unread.map((x) => ({ key: x, text: x })),
    ];
    const others = s.strange_count - s.strange.length + s.unread_count - s.unread.length;
    if (others > 0) lines.push({ key: 'others', text: `and ${others} more` });
    strange.hidden = lines.length === 0;
    keyed(list, lines, (x) => x.key, say);
  }
  update();
  const stop = onPresent(update);
  return () => {
    stop();
    table.end();
  };
}
