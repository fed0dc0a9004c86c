// Where a value lies against its level: a bar with a tick. The bad side is
// tinted, so that the picture says it before the numbers do.
import { h } from './dom.js';

/**
 * @returns {{el: HTMLElement, update: (v: number|null, level: number, sense: string, unit: string) => void}}
 */
export function gauge() {
  const fill = h('i', { class: 'fill' });
  const bad = h('i', { class: 'bad' });
  const tick = h('i', { class: 'tick' });
  const el = h('span', { class: 'gauge', 'aria-hidden': 'true' }, bad, fill, tick);
  const update = (v, level, sense, unit) => {
    // A share ends at 1; all else has room to show how far beyond it is.
    let top = unit === 'fraction' && level <= 1 && (v ?? 0) <= 1 ? 1 : Math.max(Math.abs(level) * 1.5, (v ?? 0) * 1.1);
    if (sense === 'low' && unit !== 'fraction') top = Math.max(Math.abs(level) * 2, (v ?? 0) * 1.1);
    const share = (x) => `${Math.min(100, Math.max(0, (x / (top || 1)) * 100))}%`;
    fill.style.width = v === null ? '0' : share(v);
    tick.style.left = share(level);
    bad.style.left = sense === 'low' ? '0' : share(level);
    bad.style.right = sense === 'low' ? `calc(100% - ${share(level)})` : '0';
    el.classList.toggle('unknown', v === null);
  };
  return { el, update };
}

/** A plain bar for a share of 0..1; null leaves it empty. */
export function bar() {
  const fill = h('i');
  const el = h('span', { class: 'bar-share', 'aria-hidden': 'true' }, fill);
  const update = (v) => {
    el.classList.toggle('unknown', v === null || v === undefined);
    fill.style.width = `${Math.min(100, Math.max(0, (v ?? 0) * 100))}%`;
    fill.classList.toggle('hot', (v ?? 0) >= 0.9);
  };
  return { el, update };
}
