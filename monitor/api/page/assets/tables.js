// The tables of VMs and SRs.
import { nameCell, plainCell, shareCell } from './cells.js';
import { sortedTable } from './table.js';
import { bytes, number, percent, rate } from './units.js';
import { flagsLook, rank } from './words.js';

/** How objects are told apart, and called. */
const named = { key: (o) => o.uuid, name: (o) => o.name_label || '' };

const sum = (a, b) => (a === null && b === null ? null : (a ?? 0) + (b ?? 0));
const share = (a, b) => (a === null || a === undefined || !b ? null : a / b);
/** Alarms first, and among equals those with most to do. */
const trouble = (o, busy) => rank[flagsLook(o).tone] * 10 + Math.min(9, (busy ?? 0) * 9);

export function vmTable() {
  const net = (v) => sum(v.net_rx_bytes_per_s, v.net_tx_bytes_per_s);
  const disk = (v) => sum(v.disk_read_bytes_per_s, v.disk_write_bytes_per_s);
  return sortedTable({
    caption: 'VMs of this host', noun: 'VMs', sort: 'alarms', limit: 25, ...named,
    columns: [
      { id: 'name', label: 'VM', by: (v) => v.name_label, rising: true, cell: nameCell('vm') },
      { id: 'alarms', label: 'alarms', class: 'num narrow-out', by: (v) => trouble(v, v.cpu_usage), cell: plainCell((v) => v.firing + v.nodata || '') },
      { id: 'cpu', label: 'CPU', class: 'num', by: (v) => v.cpu_usage, cell: shareCell((v) => v.cpu_usage, (v) => percent(v.cpu_usage)) },
      { id: 'contention', label: 'contention', class: 'num wide-only', by: (v) => v.contention, cell: plainCell((v) => percent(v.contention)) },
      { id: 'memory', label: 'memory', class: 'num', by: (v) => v.memory_bytes, cell: plainCell((v) => bytes(v.memory_bytes)) },
      { id: 'free', label: 'free inside', class: 'num wide-only', by: (v) => v.memory_free_bytes, cell: plainCell((v) => bytes(v.memory_free_bytes)) },
      { id: 'net', label: 'network', class: 'num narrow-out', by: net, cell: plainCell((v) => rate(net(v))) },
      { id: 'disk', label: 'disk', class: 'num narrow-out', by: disk, cell: plainCell((v) => rate(disk(v))) },
    ],
  });
}

export function srTable() {
  const used = (r) => share(r.used_bytes, r.size_bytes);
  return sortedTable({
    caption: 'Storage repositories of this host', noun: 'SRs', sort: 'used', limit: 12, ...named,
    columns: [
      { id: 'name', label: 'SR', by: (r) => r.name_label, rising: true, cell: nameCell('sr') },
      { id: 'used', label: 'used', class: 'num', by: (r) => trouble(r, used(r)), cell: shareCell(used, (r) => percent(used(r))) },
      { id: 'size', label: 'size', class: 'num', by: (r) => r.size_bytes, cell: plainCell((r) => bytes(r.size_bytes)) },
      { id: 'read', label: 'read', class: 'num narrow-out', by: (r) => r.read_bytes_per_s, cell: plainCell((r) => rate(r.read_bytes_per_s)) },
      { id: 'write', label: 'write', class: 'num narrow-out', by: (r) => r.write_bytes_per_s, cell: plainCell((r) => rate(r.write_bytes_per_s)) },
      { id: 'latency', label: 'latency', class: 'num narrow-out', by: (r) => r.latency_seconds, cell: plainCell((r) => number(r.latency_seconds, 's')) },
    ],
  });
}
