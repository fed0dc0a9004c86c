// What is drawn into a plot beside its lines: levels, and alarms on the time
// axis. A uPlot plugin.
import { colour } from './colours.js';
import { number } from './units.js';
import { kindLook } from './words.js';

/**
 * @typedef {object} Level
 * @property {number} level
 * @property {string} tone critical, warning or clear
 * @property {string} label
 */

/**
 * The levels that are drawn for triggers.
 * @param {any[]} triggers @param {string} unit
 * @param {Record<string, number>} factor of the columns to that unit
 * @returns {Level[]}
 */
export function levelsOf(triggers, unit, factor) {
  const levels = [];
  for (const t of triggers) {
    const times = factor[t.columns.find((c) => c in factor)] ?? 1;
    const sign = t.sense === 'low' ? '<' : '>';
    const name = t.columns.length > 1 && t.consolidation_fn ? `${t.variable} (${t.consolidation_fn})` : t.variable;
    levels.push({ level: t.level * times, tone: 'critical', label: `${name} ${sign} ${number(t.level * times, unit)}` });
    if (t.warning_level !== undefined && t.warning_level !== null) levels.push({ level: t.warning_level * times, tone: 'warning', label: `${t.variable} warns ${sign} ${number(t.warning_level * times, unit)}` });
  }
  return levels.sort((a, b) => b.level - a.level); // from the top, as their names are put in
}

/**
 * The times in which a variable fired, by its transitions.
 * @param {any[]} transitions oldest first @param {number} start @param {number} end
 * @returns {{from: number, to: number, tone: string}[]}
 */
export function spansOf(transitions, start, end) {
  const open = new Map();
  const spans = [];
  for (const t of transitions) {
    const began = open.get(t.variable);
    if (t.kind === 'cleared') {
      // What was raised before the plot began is told by its end.
      spans.push({ from: began ? began.from : start, to: t.time, tone: began ? began.tone : 'critical' });
      open.delete(t.variable);
    } else if (!began) open.set(t.variable, { from: t.time, tone: kindLook(t).tone });
  }
  for (const b of open.values()) spans.push({ from: b.from, to: end, tone: b.tone });
  return spans;
}

/**
 * @param {() => {levels: Level[], transitions: any[], start: number, end: number}} get
 */
export function marks(get) {
  const clipped = (u, f) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    f(ctx, bbox);
    ctx.restore();
  };

  /** Behind the lines: when an alarm was on. */
  const behind = (u) => clipped(u, (ctx, bbox) => {
    const { transitions, start, end } = get();
    for (const s of spansOf(transitions, start, end)) {
      const x = u.valToPos(s.from, 'x', true);
      const w = Math.max(1, u.valToPos(s.to, 'x', true) - x);
      ctx.globalAlpha = 0.13;
      ctx.fillStyle = colour(`--${s.tone}`);
      ctx.fillRect(x, bbox.top, w, bbox.height);
    }
  });

  /** Before them: the levels with their names. */
  const before = (u) => {
    const dpr = devicePixelRatio || 1;
    clipped(u, (ctx, bbox) => {
      ctx.font = `${11 * dpr}px system-ui, sans-serif`;
      ctx.textBaseline = 'bottom';
      ctx.textAlign = 'left'; // the newest rows are at the right
      const taken = [];
      for (const l of get().levels) {
        const y = Math.round(u.valToPos(l.level, 'y', true)) + 0.5;
        if (y < bbox.top - 1 || y > bbox.top + bbox.height + 1) continue;
        ctx.strokeStyle = colour(`--${l.tone}`);
        ctx.lineWidth = 1.5 * dpr;
        ctx.setLineDash([6 * dpr, 4 * dpr]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
        // Above the line, below it where there is no room.
        let at = y - 3 * dpr;
        if (at - 12 * dpr < bbox.top) at = y + 15 * dpr;
        while (taken.some((t) => Math.abs(t - at) < 13 * dpr) && at < bbox.top + bbox.height) at += 14 * dpr;
        taken.push(at);
        const left = bbox.left + 7 * dpr;
        const w = ctx.measureText(l.label).width;
        ctx.fillStyle = colour('--surface');
        ctx.globalAlpha = 0.75;
        ctx.fillRect(left - 3 * dpr, at - 12 * dpr, w + 6 * dpr, 13 * dpr);
        ctx.globalAlpha = 1;
        ctx.fillStyle = colour(`--${l.tone}`);
        ctx.fillText(l.label, left, at);
      }
    });
    axisMarks(u, dpr);
  };

  /** On the time axis: a sign for each transition. */
  const axisMarks = (u, dpr) => {
    const { ctx, bbox } = u;
    const bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.setLineDash([]);
    for (const t of get().transitions) {
      const x = u.valToPos(t.time, 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const c = colour(`--${kindLook(t).tone}`);
      ctx.strokeStyle = c;
      ctx.fillStyle = t.kind === 'cleared' ? colour('--surface') : c;
      ctx.lineWidth = 1.5 * dpr;
      const r = 5 * dpr;
      ctx.beginPath();
      if (t.kind === 'cleared') ctx.arc(x, bottom, r * 0.8, 0, 2 * Math.PI);
      else {
        ctx.moveTo(x, bottom - r);
        ctx.lineTo(x + r, bottom + r * 0.8);
        ctx.lineTo(x - r, bottom + r * 0.8);
        ctx.closePath();
      }
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
  };

  return { hooks: { drawClear: behind, draw: before } };
}
