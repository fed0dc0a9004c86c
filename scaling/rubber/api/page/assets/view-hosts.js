// What is believed of hypervisors and their storage, by their agents' alarms.
import { h } from './dom.js';
import { onPresent, present } from './live.js';
import { hostTable, storageTable } from './tables.js';

/** @param {HTMLElement} main */
export function hostsView(main) {
  const table = hostTable();
  const storage = storageTable();
  const stores = h('section', { 'aria-labelledby': 'h-storage', hidden: true }, h('h2', { id: 'h-storage' }, 'Storage'),
    h('p', { class: 'dim' }, 'Storage with alarms is avoided for new machines, and those that have a disk on it are let go first.'), storage.el);
  const none = h('p', { class: 'empty', hidden: true }, 'Nothing was heard of any host. Agents that raise alarms are heard where ', h('code', null, 'alarms:'), ' of rubber.yaml says; until then machines are placed as the cloud likes.');
  main.append(h('div', { class: 'head' }, h('h1', null, 'Hosts')), h('p', { class: 'subtitle below' }, 'Hosts with alarms are avoided for new machines, and theirs are let go first. Where an agent is silent nothing is let go.'), none, table.el, stores);
  function update() {
    const s = present.status;
    if (!s) return;
    none.hidden = s.hosts.length > 0;
    table.el.hidden = s.hosts.length === 0;
    table.update(s.hosts);
    stores.hidden = s.storage.length === 0;
    storage.update(s.storage);
  }
  update();
  return onPresent(update);
}
