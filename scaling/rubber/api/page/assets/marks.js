// Decisions on the time axis of a plot, and what they were where the cursor
// is. A uPlot plugin.
import { colour } from './colours.js';

const reach = 7; // pixels around a mark
const fewMarks = 12; // of which each has a line up into the plot

/**
 * @param {() => {decisions: {t: number, look: any, text: string}[]}} get
 * @param {(texts: string[]) => void} say
 */
export function marks(get, say) {
  const draw = (u) => {
    const { ctx, bbox } = u;
    const dpr = devicePixelRatio || 1;
    const bottom = bbox.top + bbox.height;
    const r = 5 * dpr;
    ctx.save();
    ctx.setLineDash([]);
    const all = get().decisions;
    const taken = new Set(); // of a crowd, one of a kind at a place
    for (const d of all) {
      const x = u.valToPos(d.t, 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const where = `${d.look.kind} ${Math.round(x / r)}`;
      if (taken.has(where)) continue;
      taken.add(where);
      const c = colour(`--mark-${d.look.kind}`);
      if (all.length <= fewMarks || d.look.kind === 'bad') {
        ctx.strokeStyle = c;
        ctx.globalAlpha = 0.35;
        ctx.lineWidth = dpr;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bottom);
        ctx.stroke();
        ctx.globalAlpha = 1;
      }
      ctx.fillStyle = c;
      ctx.beginPath();
      if (d.look.kind === 'up') polygon(ctx, [[x, bottom - r], [x + r, bottom + r * 0.7], [x - r, bottom + r * 0.7]]);
      else if (d.look.kind === 'down') polygon(ctx, [[x, bottom + r], [x + r, bottom - r * 0.7], [x - r, bottom - r * 0.7]]);
      else polygon(ctx, [[x, bottom - r], [x + r, bottom], [x, bottom + r], [x - r, bottom]]);
      ctx.fill();
    }
    ctx.restore();
  };

  let said = '';
  const cursor = (u) => {
    const { left } = u.cursor;
    const texts = left === null || left === undefined || left < 0 ? [] : get().decisions.filter((d) => Math.abs(u.valToPos(d.t, 'x') - left) <= reach).map((d) => d.text);
    const now = texts.join('\n');
    if (now === said) return;
    said = now;
    say(texts);
  };
  return { hooks: { draw, setCursor: cursor } };
}

function polygon(ctx, points) {
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.closePath();
}
