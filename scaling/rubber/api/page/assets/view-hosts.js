// What is believed of hypervisors, by their agents' alarms.
import { h } from './dom.js';
import { onPresent, present } from './live.js';
import { hostTable } from './tables.js';

/** @param {HTMLElement} main */
export function hostsView(main) {
  const table = hostTable();
  const none = h('p', { class: 'empty', hidden: true }, 'Nothing was heard of any host. Agents that raise alarms are heard where ', h('code', null, 'alarms:'), ' of rubber.yaml says; until then machines are placed as the cloud likes.');
  main.append(h('div', { class: 'head' }, h('h1', null, 'Hosts')), h('p', { class: 'subtitle below' }, 'Hosts with alarms are avoided for new machines, and theirs are let go first. Where an agent is silent nothing is let go.'), none, table.el);
  function update() {
    const s = present.status;
    if (!s) return;
    const ours = new Map();
    for (const m of s.machines) if (m.host) ours.set(m.host, (ours.get(m.host) || 0) + 1);
    none.hidden = s.hosts.length > 0;
    table.el.hidden = s.hosts.length === 0;
    table.update(s.hosts.map((x) => ({ ...x, ours: (ours.get(x.uuid) || 0) + (x.name && x.name !== x.uuid ? ours.get(x.name) || 0 : 0) })));
  }
  update();
  return onPresent(update);
}
