// Which data sources belong into one plot: those of one kind, and of units
// that are powers of one another.
import { baseOf } from './units.js';

/** Kinds of data sources by name, in the order in which they are shown. */
const families = /** @type {[string, RegExp][]} */ ([
  ['Processors', /^(cpu\d+|cpu_avg|cpu_usage)$/],
  ['Idle states', /^cpu\d+-[CP]\d+$/],
  ['Load a processor', /^hostload$/],
  ['Load average', /^loadavg$/],
  ['Running', /^(running_vcpus|running_domains)$/],
  ['Processor wait', /^runstate_/],
  ['Pressure', /^pressure_/],
  ['Memory', /^(memory|memory_target|memory_internal_free|memory_free_kib|memory_total_kib|memory_reclaimed.*|xapi_memory_.*|xapi_.*memory.*)$/],
  ['Network', /^(vif|pif)_.*_(rx|tx)$/],
  ['Network errors', /^(vif|pif)_.*_errors$/],
  ['Disk throughput', /^(vbd_(?!.*iops).*_(read|write)|io_throughput_.*|disk_.*_(read|write)|sr_.*_(read|write))$/],
  ['Disk latency', /latency/],
  ['Disk requests', /^(vbd_.*_iops_.*|iops_.*|disk_.*_iops)$/],
  ['Disk queue', /(inflight|avgqu_sz|io_wait|iowait)/],
  ['Space', /^(size|physical_size|physical_utilisation|virtual_allocation)$/],
]);

/**
 * @typedef {object} Group
 * @property {string} id
 * @property {string} title
 * @property {string} unit the base unit
 * @property {number[]} at places in the series' columns
 * @property {Record<string, number>} factor by a column's name, to the base unit
 */

/**
 * Sorts a series' columns into plots. What is of no known kind goes by its
 * unit, last.
 * @param {{name: string, unit?: string}[]} columns
 * @returns {Group[]}
 */
export function groupsOf(columns) {
  /** @type {Map<string, Group & {order: number}>} */
  const groups = new Map();
  columns.forEach((c, i) => {
    const family = families.findIndex(([, pattern]) => pattern.test(c.name));
    // A load is a number of processors, though the toolstack calls it a fraction.
    const [unit, factor] = baseOf(c.unit === 'count' || c.name === 'hostload' ? '' : c.unit || '');
    const known = family >= 0;
    const id = `${known ? families[family][0] : 'Other'}/${unit}`;
    let g = groups.get(id);
    if (!g) {
      g = { id, title: known ? families[family][0] : 'Other', unit, at: [], factor: {}, order: known ? family : families.length };
      groups.set(id, g);
    }
    g.at.push(i);
    g.factor[c.name] = factor;
  });
  const natural = (a, b) => columns[a].name.localeCompare(columns[b].name, undefined, { numeric: true });
  for (const g of groups.values()) g.at.sort(natural);
  return [...groups.values()].sort((a, b) => a.order - b.order || a.unit.localeCompare(b.unit));
}
