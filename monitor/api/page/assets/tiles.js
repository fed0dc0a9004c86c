// The host in headlines: a few pictures with a number each.
import { ask } from './api.js';
import { h, text } from './dom.js';
import { Ring, sparkline } from './spark.js';
import { bytes, duration, number, percent, rate, unknown } from './units.js';

const rows = 120;

/** What is remembered of each headline, over views. */
const rings = Object.fromEntries(['cpu', 'memory', 'net', 'disk', 'load'].map((k) => [k, new Ring(rows)]));
let seeded = false;

const sum = (a, b) => (a === null || a === undefined ? b : b === null || b === undefined ? a : a + b);
const share = (a, b) => (a === null || a === undefined || !b ? null : a / b);

const known = (...values) => values.every((v) => v !== null && v !== undefined);

/** Takes a poll's overview into the rings. */
export function remember(overview) {
  if (!overview || !overview.row) return;
  const o = overview.host;
  const { row, step_s: step } = overview;
  // What was missed while nobody looked, the agent may know.
  if (rings.cpu.missed(row, step) > 0) seeded = false;
  rings.cpu.push(row, o.cpu_usage, step);
  rings.memory.push(row, share(o.memory_used_bytes, o.memory_total_bytes), step);
  rings.net.push(row, sum(o.net_rx_bytes_per_s, o.net_tx_bytes_per_s), step);
  rings.disk.push(row, sum(o.disk_read_bytes_per_s, o.disk_write_bytes_per_s), step);
  rings.load.push(row, o.cpu_load, step);
}

/** Asks for the ten minutes before the page was opened, when there are rows, and again after a gap. */
export async function seedTiles(overview, done) {
  if (seeded || !overview || !overview.row) return;
  seeded = true;
  let s;
  try {
    // The archive's rows that are as far apart as those that come.
    const span = overview.step_s >= 60 ? '2h' : '10m';
    s = await ask('series', { object: 'host', span, columns: 'cpu_avg,memory_free_kib,memory_total_kib,pif_aggr_?x,hostload' });
  } catch {
    return; // they grow from here then
  }
  const column = (name) => s.values[s.columns.findIndex((c) => c.name === name)] || [];
  const [cpu, free, total, rx, tx, load] = ['cpu_avg', 'memory_free_kib', 'memory_total_kib', 'pif_aggr_rx', 'pif_aggr_tx', 'hostload'].map(column);
  const past = { cpu: new Ring(rows), memory: new Ring(rows), net: new Ring(rows), load: new Ring(rows) };
  s.t.forEach((t, i) => {
    past.cpu.push(t, cpu[i], s.step_s);
    past.memory.push(t, known(total[i], free[i]) ? share(total[i] - free[i], total[i]) : null, s.step_s);
    past.net.push(t, sum(rx[i], tx[i]), s.step_s);
    past.load.push(t, load[i], s.step_s);
  });
  for (const [k, ring] of Object.entries(past)) {
    if (!ring.values.some((v) => v !== null)) continue;
    ring.follow(rings[k], s.step_s);
    rings[k] = ring;
  }
  done();
}

/** @returns {{el: HTMLElement, update: (overview: any) => void}} */
export function hostTiles() {
  const one = (key, label) => {
    const value = h('b', null, unknown);
    const sub = h('span', { class: 'sub' });
    const spark = sparkline();
    const el = h('div', { class: 'tile', dataset: { tile: key } }, spark.el, h('span', { class: 'label' }, label), value, sub);
    return { el, value, sub, spark };
  };
  const cpu = one('cpu', 'CPU');
  const memory = one('memory', 'Memory');
  const load = one('load', 'Load');
  const net = one('net', 'Network');
  const disk = one('disk', 'Storage');
  const el = h('section', { class: 'tiles', 'aria-label': 'The host' }, cpu.el, memory.el, load.el, net.el, disk.el);

  const update = (overview) => {
    const o = (overview && overview.host) || {};
    const memoryShare = share(o.memory_used_bytes, o.memory_total_bytes);
    text(cpu.value, percent(o.cpu_usage));
    text(cpu.sub, o.cpus ? `of ${o.cpus} processors` : '');
    text(memory.value, percent(memoryShare));
    text(memory.sub, o.memory_total_bytes ? `${bytes(o.memory_used_bytes)} of ${bytes(o.memory_total_bytes)}` : '');
    text(load.value, number(o.cpu_load ?? o.load_average));
    text(load.sub, o.uptime_s ? `up for ${duration(o.uptime_s)}` : '');
    text(net.value, rate(sum(o.net_rx_bytes_per_s, o.net_tx_bytes_per_s)));
    text(net.sub, `in ${rate(o.net_rx_bytes_per_s)} · out ${rate(o.net_tx_bytes_per_s)}`);
    text(disk.value, rate(sum(o.disk_read_bytes_per_s, o.disk_write_bytes_per_s)));
    text(disk.sub, `r ${rate(o.disk_read_bytes_per_s)} · w ${rate(o.disk_write_bytes_per_s)}`);
    cpu.el.classList.toggle('hot', (o.cpu_usage ?? 0) >= 0.9);
    memory.el.classList.toggle('hot', (memoryShare ?? 0) >= 0.95);
    cpu.spark.update(rings.cpu.values, { floor: 0, ceiling: 1 });
    memory.spark.update(rings.memory.values, { floor: 0, ceiling: 1 });
    load.spark.update(rings.load.values, { floor: 0, ceiling: 1 });
    net.spark.update(rings.net.values, { floor: 0 });
    disk.spark.update(rings.disk.values, { floor: 0 });
  };
  return { el, update };
}
