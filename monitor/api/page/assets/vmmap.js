// All VMs at a glance: a field each, the fuller the more it has to do, with a
// ring round those with alarms. The table below says the same in words, so
// this picture is not in the way of the keyboard or of a screen reader.
import { h, keyed } from './dom.js';
import { number, percent, rate } from './units.js';
import { flagsLook, linkTo, nameOf } from './words.js';

const sum = (a, b) => (a === null && b === null ? null : (a ?? 0) + (b ?? 0));

/**
 * What the fields can show: [label, value of a VM, its text].
 * @type {Record<string, [string, (v: any) => number|null, (n: number|null) => string]>}
 */
export const measures = {
  cpu: ['CPU', (v) => v.cpu_usage, percent],
  contention: ['contention', (v) => v.contention, percent],
  memory: ['memory', (v) => v.memory_bytes, (n) => number(n, 'B')],
  net: ['network', (v) => sum(v.net_rx_bytes_per_s, v.net_tx_bytes_per_s), rate],
  disk: ['disk', (v) => sum(v.disk_read_bytes_per_s, v.disk_write_bytes_per_s), rate],
};

/** @returns {{el: HTMLElement, update: (vms: any[], measure?: string) => void}} */
export function vmMap() {
  const el = h('div', { class: 'vmmap', 'aria-hidden': 'true' });
  return {
    el,
    update(vms, measure = 'cpu') {
      const [label, value, show] = measures[measure];
      // Shares have a scale of their own; all else is against the greatest.
      const top = measure === 'cpu' ? 1 : measure === 'contention' ? 0.25 : Math.max(1, ...vms.map((v) => value(v) ?? 0));
      keyed(el, vms, (v) => v.uuid, (first) => {
        const fill = h('i');
        const a = h('a', { href: linkTo({ class: 'vm', uuid: first.uuid }), tabindex: -1 }, fill);
        return {
          el: a,
          update(v) {
            const n = value(v);
            const part = n === null || n === undefined ? 0 : Math.min(1, n / top);
            a.dataset.tone = flagsLook(v).tone;
            a.classList.toggle('unknown', n === null || n === undefined);
            fill.style.height = `${Math.round(part * 100)}%`;
            fill.style.opacity = String(0.35 + 0.65 * part);
            a.title = `${nameOf(v)}: ${label} ${show(n)}`;
          },
        };
      });
    },
  };
}
