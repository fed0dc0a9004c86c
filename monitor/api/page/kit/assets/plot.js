// A plot with axes: uPlot, with our units, times, gaps, and whatever a page
// draws into it beside its lines.
import { colour, lineColour } from './colours.js';
import { number, unknown } from './units.js';
import { clockText, dayText, hourMinute, hourMinuteSecond, monthText, utcText } from './when.js';

/**
 * @typedef {object} Drawing
 * @property {number[]} t
 * @property {(number|null)[][]} values
 * @property {Line[]} columns
 * @property {string} unit
 * @property {number} start
 * @property {number} end
 * @property {{level: number}[]} [levels] values that should be in sight
 */

/**
 * A line's name, and its looks where they are not as all others'.
 * @typedef {object} Line
 * @property {string} name
 * @property {string} [help]
 * @property {string} [colour] a custom property of the style
 * @property {string} [fill] another, for what is below the line
 * @property {number[]} [dash]
 * @property {boolean} [steps] a value holds until the next: it is counted, not measured
 */

const many = 12;

/** Paths of lines that hold their value until the next. */
const stepped = () => /** @type {any} */ (window).uPlot.paths.stepped({ align: 1 });

/** Times on the axis, as fine as the steps between them. */
function timeLabels(_u, splits, _axis, _space, step) {
  return splits.map((t, i) => {
    if (step > 7 * 86400) return monthText(t);
    if (step >= 86400) return dayText(t);
    const d = new Date(t * 1000);
    const text = step < 60 ? hourMinuteSecond(t) : hourMinute(t);
    const newDay = i > 0 && d.toDateString() !== new Date(splits[i - 1] * 1000).toDateString();
    return newDay ? `${text}\n${dayText(t)}` : text;
  });
}

/** From 0 where that costs no resolution, and with all levels in it that are near. */
function range(d) {
  return (_u, min, max) => {
    if (min === null || min === undefined || !Number.isFinite(min)) [min, max] = [0, 1];
    for (const l of d().levels || []) {
      const reach = Math.max(max - min, Math.abs(max) * 0.5) || 1;
      if (l.level > max && l.level - max < reach * 4) max = l.level;
      if (l.level < min && min - l.level < reach * 4) min = l.level;
    }
    if (min > 0 && min < max * 0.7) min = 0;
    if (d().unit === 'fraction' && min >= 0 && max <= 1) return [0, Math.max(max * 1.08, 0.1) > 0.6 ? 1.04 : Math.max(max * 1.15, 0.1)];
    const pad = (max - min || Math.abs(max) || 1) * 0.08;
    return [min === 0 ? 0 : min - pad, max + pad];
  };
}

/**
 * Steps on the axis: powers of 2 where units go by 1024, so that 512 MiB
 * and not 477 MiB is said.
 */
const binarySteps = () => {
  const steps = [];
  for (let i = -4; i < 60; i++) steps.push(2 ** i);
  return steps;
};

/** Steps of seconds in whole parts of a minute, an hour, a day. */
const timeSteps = () => {
  const steps = [];
  for (let i = -9; i < 0; i++) steps.push(10 ** i, 2 * 10 ** i, 5 * 10 ** i);
  return [...steps, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, ...[2, 5, 10, 20, 50, 100, 200, 500, 1000].map((d) => d * 86400)];
};

/** Where an axis may have its marks, if not at round numbers. */
const stepsOf = (unit) => (/^B/.test(unit) ? { incrs: binarySteps() } : unit === 's' ? { incrs: timeSteps() } : {});

/**
 * Draws into a figure's place and follows its width.
 * @param {HTMLElement} place
 * @param {Drawing} first
 * @param {{height?: number, legend?: boolean, plugins?: (get: () => any) => any[]}} [o] plugins of uPlot, which look at what is drawn
 * @returns {{update: (d: Drawing) => void, end: () => void, u: any}}
 */
export function plot(place, first, o = {}) {
  let d = first;
  const u = make();
  function make() {
    const crowd = d.columns.length > many;
    const grid = { stroke: () => colour('--grid'), width: 1 };
    const axis = { stroke: () => colour('--dim'), grid, ticks: { ...grid, size: 4 }, font: '11px system-ui, sans-serif' };
    const data = [d.t, ...d.values];
    return new (/** @type {any} */ (window).uPlot)({
      width: Math.max(200, place.clientWidth),
      height: o.height || 220,
      padding: [8, 18, 0, 0],
      cursor: { points: { size: 6 }, drag: { x: true, y: false }, sync: { key: 'time' } },
      legend: { show: o.legend !== false, live: true },
      scales: { x: { time: true, range: () => [d.start, d.end] }, y: { range: range(() => d) } },
      axes: [
        { ...axis, values: timeLabels, space: 70, size: 38 },
        { ...axis, size: 76, values: (_u, splits) => splits.map((v) => number(v, d.unit)), ...stepsOf(d.unit) },
      ],
      series: [
        { label: 'time', value: (_u, t) => (t === null || t === undefined ? unknown : `${clockText(t)} (${utcText(t).slice(11)})`) },
        ...d.columns.map((c, i) => ({
          label: c.name,
          stroke: () => (c.colour ? colour(c.colour) : lineColour(i)),
          dash: c.dash,
          paths: c.steps ? stepped() : undefined,
          width: crowd ? 1 : 1.6,
          alpha: crowd ? 0.75 : 1,
          spanGaps: false, // unknown is a gap
          fill: c.fill ? () => colour(c.fill) : d.columns.length === 1 ? () => colour('--fill') : undefined,
          points: { show: d.t.length < 40, size: 4 },
          value: (_u, v) => number(v, d.unit),
        })),
      ],
      plugins: o.plugins ? o.plugins(() => d) : [],
    }, data, place);
  }

  const resize = new ResizeObserver(() => {
    const width = Math.max(200, place.clientWidth);
    if (width !== u.width) u.setSize({ width, height: o.height || 220 });
  });
  resize.observe(place);
  const repaint = () => u.redraw(false);
  document.documentElement.addEventListener('themechange', repaint);

  return {
    u,
    update(next) {
      d = next;
      u.setData([d.t, ...d.values]);
    },
    end() {
      resize.disconnect();
      document.documentElement.removeEventListener('themechange', repaint);
      u.destroy();
    },
  };
}
