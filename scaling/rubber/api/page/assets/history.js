// What plans saw over time, of one profile or of all together: asked for once,
// then grown by each plan as it comes.
import { ask } from './api.js';
import { at, onAgain, onPlan } from './live.js';

const keep = 720; // plans
const names = ['waits', 'running', 'oldest_s', 'slots', 'want', 'have', 'ready', 'coming', 'resting'];

/** One row of a plan's targets: their sum, null where a part is not known. */
function rowOf(targets) {
  const known = targets.length > 0 && targets.every((t) => t.waits !== null);
  const sum = (name) => (targets.length ? targets.reduce((n, t) => n + (t[name] ?? 0), 0) : null);
  const waited = targets.filter((t) => t.oldest_s !== null || t.waits === 0).map((t) => t.oldest_s ?? 0);
  return {
    ...Object.fromEntries(names.map((n) => [n, sum(n)])),
    waits: known ? sum('waits') : null, running: known ? sum('running') : null, oldest_s: waited.length ? Math.max(...waited) : null,
  };
}

/**
 * @param {string} profile "" for all
 * @param {(h: {t: number[], [column: string]: (number|null)[]}) => void} changed
 */
export function history(profile, changed) {
  let rows = emptyRows();
  let ended = false;
  let waiting = []; // plans that came while the past was asked for

  function emptyRows() {
    return { t: [], ...Object.fromEntries(names.map((n) => [n, []])) };
  }

  function push(t, row) {
    const last = rows.t[rows.t.length - 1] ?? 0;
    if (t <= last) return;
    const step = rows.t.length > 1 ? last - rows.t[rows.t.length - 2] : 0;
    if (last && t - last > Math.max(60, 4 * step)) { // nobody planned meanwhile: a gap
      rows.t.push(last + 1);
      for (const n of names) rows[n].push(null);
    }
    rows.t.push(t);
    for (const n of names) rows[n].push(row[n] ?? null);
    if (rows.t.length > keep) for (const list of Object.values(rows)) list.splice(0, list.length - keep);
  }
  const take = (plan) => push(at(plan.at), rowOf(profile ? plan.targets.filter((t) => t.profile === profile) : plan.targets));

  async function load() {
    waiting = [];
    const mine = waiting;
    let answer = null;
    try {
      answer = await ask('series', { profile });
    } catch { /* it grows from here then */ }
    if (ended || mine !== waiting) return;
    if (answer) {
      rows = emptyRows();
      answer.t.forEach((t, i) => push(t, Object.fromEntries(names.map((n) => [n, answer[n][i]]))));
    }
    for (const plan of mine) take(plan);
    waiting = null;
    changed(rows);
  }

  const stops = [onAgain(load), onPlan((plan) => {
    if (waiting) {
      waiting.push(plan);
      return;
    }
    take(plan);
    changed(rows);
  })];
  load();
  return () => {
    ended = true;
    for (const stop of stops) stop();
  };
}
