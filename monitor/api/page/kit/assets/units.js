// Numbers for people: with a unit, three digits, and "–" for unknown.

/** What stands for a value that nobody knows. */
export const unknown = '–';

const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Known units: [how it is written, factor to its base]. */
const bases = {
  B: ['bytes', 1], KiB: ['bytes', 1024], MiB: ['bytes', 1048576],
  'B/s': ['bytes/s', 1], 'KiB/s': ['bytes/s', 1024], 'MiB/s': ['bytes/s', 1048576],
  'µs': ['time', 1e-6], us: ['time', 1e-6], ms: ['time', 1e-3], s: ['time', 1],
  fraction: ['share', 1], ratio: ['share', 1], '(fraction)': ['share', 1],
};

/**
 * The unit in which values of a unit can be drawn beside others of their
 * kind, and the factor that they are to be multiplied with.
 * @param {string} unit
 * @returns {[string, number]}
 */
export function baseOf(unit) {
  const known = bases[unit];
  if (!known) return [unit, 1];
  return [{ bytes: 'B', 'bytes/s': 'B/s', time: 's', share: 'fraction' }[known[0]], known[1]];
}

/** @param {number} v @param {number} [digits] */
function plain(v, digits = 3) {
  if (v === 0) return '0';
  const a = Math.abs(v);
  if (a >= 100) return v.toFixed(0);
  if (a < 0.001) return v.toExponential(1);
  return String(Number(v.toPrecision(digits)));
}

function scaled(v, names, step) {
  let i = 0;
  let a = Math.abs(v);
  while (a >= step * 0.9995 && i < names.length - 1) {
    a /= step;
    v /= step;
    i++;
  }
  return `${plain(v)} ${names[i]}`;
}

function seconds(v) {
  const a = Math.abs(v);
  if (a === 0) return '0 s';
  if (a < 0.001) return `${plain(v * 1e6)} µs`;
  if (a < 1) return `${plain(v * 1e3)} ms`;
  if (a < 120) return `${plain(v)} s`;
  return duration(v);
}

/**
 * A value with its unit.
 * @param {number|null|undefined} v
 * @param {string} [unit] as the toolstack has it
 */
export function number(v, unit = '') {
  if (unit === 'count') unit = '';
  if (v === null || v === undefined || !Number.isFinite(v)) return unknown;
  if (unit.startsWith('1/')) return number(v).trim() + unit.slice(1);
  const known = bases[unit];
  if (!known) return unit ? `${scaled(v, ['', 'k', 'M', 'G', 'T'], 1000).trim()} ${unit}` : scaled(v, ['', 'k', 'M', 'G', 'T'], 1000).trim();
  const [kind, factor] = known;
  switch (kind) {
    case 'bytes': return scaled(v * factor, binary, 1024);
    case 'bytes/s': return `${scaled(v * factor, binary, 1024)}/s`;
    case 'time': return seconds(v * factor);
    default: return percent(v);
  }
}

/** A value that is not broken between its number and its unit. */
export const whole = (text) => text.replaceAll(' ', '\u00a0');

/** A share of 1 in percent. */
export function percent(v) {
  if (v === null || v === undefined || !Number.isFinite(v)) return unknown;
  const p = v * 100;
  return `${Math.abs(p) < 10 && p !== 0 ? Number(p.toPrecision(2)) : Math.round(p)} %`;
}

export const bytes = (v) => number(v, 'B');
export const rate = (v) => number(v, 'B/s');

/** A time span of seconds in its two greatest parts. */
export function duration(v) {
  if (v === null || v === undefined || !Number.isFinite(v)) return unknown;
  let rest = Math.max(0, Math.round(v));
  const parts = [];
  for (const [name, size] of /** @type {[string, number][]} */ ([['d', 86400], ['h', 3600], ['min', 60], ['s', 1]])) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) parts.push(`${n} ${name}`);
    else if (parts.length) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0 s';
}

/**
 * The unit of a variable, by its name or by the data sources that it reads:
 * the agent's answer about an alarm has its numbers only.
 * @param {string} variable
 * @param {string[]|null} [columns] null or none for what is read of no data source
 */
export function unitOf(variable, columns) {
  const name = (columns && columns[0]) || '';
  if (/^sr_io_throughput_total/.test(variable)) return 'MiB/s';
  if (/latency/.test(variable)) return 'µs';
  for (const n of [variable, name]) {
    if (/^(cpu_usage|cpu_contention|cpu\d+|cpu_avg|\w*fs_usage|mem_usage|memory_available|physical_utilisation_share)$|^runstate_|^pressure_/.test(n)) return 'fraction';
    if (/^(memory_internal_free|memory_free_kib|memory_total_kib)$/.test(n)) return 'KiB';
    if (/^memory(_target)?$/.test(n)) return 'B';
    if (/^(network_usage|disk_usage)$|^(vif|pif|vbd)_.*_(rx|tx|read|write)$/.test(n)) return 'B/s';
  }
  return variable === 'physical_utilisation' ? 'fraction' : '';
}

/** The unit of a variable as the agent answers about it: it says it where it knows. */
export const unitFor = (v) => v.unit || unitOf(v.variable, v.columns);
