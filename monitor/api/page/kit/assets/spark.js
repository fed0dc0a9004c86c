// A sparkline: what a value did lately, without axes. SVG, so that the
// colours are the style's.
import { s } from './dom.js';

const width = 100;
const height = 28;

/**
 * @param {{label?: string}} [o]
 * @returns {{el: SVGElement, update: (values: (number|null)[], opts?: {level?: number, floor?: number, ceiling?: number}) => void}}
 */
export function sparkline(o = {}) {
  const area = s('path', { class: 'area' });
  const line = s('path', { class: 'line' });
  const level = s('line', { class: 'level', x1: 0, x2: width });
  const el = s('svg', {
    class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none',
    ...(o.label ? { role: 'img', 'aria-label': o.label } : { 'aria-hidden': 'true' }),
  }, area, line, level);

  const update = (values, opts = {}) => {
    const known = values.filter((v) => v !== null && Number.isFinite(v));
    el.classList.toggle('blank', known.length < 2);
    const all = opts.level === undefined ? known : [...known, opts.level];
    let low = Math.min(...all, opts.floor ?? Infinity);
    let high = Math.max(...all, opts.ceiling ?? -Infinity);
    if (!Number.isFinite(low)) { low = 0; high = 1; }
    if (high - low < 1e-12) { high += Math.abs(high) * 0.1 || 1; }
    const x = (i) => (values.length < 2 ? width : (i / (values.length - 1)) * width);
    const y = (v) => 2 + (1 - (v - low) / (high - low)) * (height - 4);
    const r = (n) => Math.round(n * 100) / 100;

    let path = '';
    let fill = '';
    let from = -1; // where the present run of known values began
    const close = (to) => {
      if (from >= 0 && to > from) fill += `L${r(x(to))} ${height}L${r(x(from))} ${height}Z`;
      from = -1;
    };
    values.forEach((v, i) => {
      if (v === null || !Number.isFinite(v)) {
        close(i - 1);
        return;
      }
      const p = `${r(x(i))} ${r(y(v))}`;
      if (from < 0) {
        from = i;
        path += `M${p}`;
        fill += `M${p}`;
        // A lone value between gaps is a dot.
        if (i + 1 >= values.length || values[i + 1] === null) path += `h0.01`;
      } else {
        path += `L${p}`;
        fill += `L${p}`;
      }
    });
    close(values.length - 1);
    line.setAttribute('d', path);
    area.setAttribute('d', fill);
    level.toggleAttribute('hidden', opts.level === undefined);
    if (opts.level !== undefined) {
      level.setAttribute('y1', String(r(y(opts.level))));
      level.setAttribute('y2', String(r(y(opts.level))));
    }
  };
  return { el, update };
}

/** The last n values of something, oldest first. */
export class Ring {
  /** @param {number} size */
  constructor(size) {
    this.size = size;
    /** @type {(number|null)[]} */
    this.values = [];
    this.time = 0;
  }

  /**
   * Appends a value of time t; a second one of the same row takes its place,
   * since what is asked of the host is seconds beside the row. Rows that were
   * missed since the last one, by their step, become a gap.
   * @param {number} t @param {number|null|undefined} v @param {number} [step]
   */
  push(t, v, step = 0) {
    const value = v === undefined || v === null || !Number.isFinite(v) ? null : v;
    if (t < this.time - 2 * step) this.values = []; // the agent's clock was set back
    if (this.values.length && (t === this.time || t < this.time + step / 2)) this.values[this.values.length - 1] = value;
    else this.values.push(...Array(this.missed(t, step)).fill(null), value);
    if (this.values.length > this.size) this.values = this.values.slice(-this.size);
    this.time = t;
  }

  /**
   * Appends what another ring has that is newer: rows that came while these
   * were asked for.
   * @param {Ring} other @param {number} step
   */
  follow(other, step) {
    other.values.forEach((v, i) => {
      const t = other.time - (other.values.length - 1 - i) * step;
      if (t > this.time + step / 2) this.push(t, v, step);
    });
  }

  /** How many rows a value of time t would leave out, at most as many as are kept. */
  missed(t, step) {
    if (!step || !this.values.length || t <= this.time) return 0;
    return Math.min(this.size, Math.max(0, Math.round((t - this.time) / step) - 1));
  }
}
