// A plot by keyboard: arrows move its cursor from row to row, and what is
// there is shown in the legend, and said to who does not see it.
import { h, text } from './dom.js';
import { clockText } from './when.js';

/** More lines than this would take too long to say. */
const most = 8;

/**
 * Has a place take the focus and listen.
 * @param {HTMLElement} place
 * @param {() => any} plotOf the plot in it; none before it is drawn
 */
export function keys(place, plotOf) {
  const said = h('p', { class: 'unseen', 'aria-live': 'polite' });
  place.tabIndex = 0;
  place.after(said);

  const target = (u, e) => {
    const last = u.data[0].length - 1;
    const now = u.cursor.idx;
    if (e.key === 'Home') return 0;
    if (e.key === 'End' || now === null || now === undefined || u.cursor.left < 0) return last;
    const to = now + (e.key === 'ArrowLeft' ? -1 : 1) * (e.shiftKey ? 10 : 1);
    return Math.min(last, Math.max(0, to));
  };
  place.addEventListener('keydown', (e) => {
    const u = plotOf();
    if (!u || e.ctrlKey || e.altKey || e.metaKey || !['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(e.key)) return;
    e.preventDefault();
    const i = target(u, e);
    if (i < 0) return;
    u.setCursor({ left: u.valToPos(u.data[0][i], 'x'), top: u.over.clientHeight / 2 }, true, true);
    const lines = u.series.slice(1).map((s, k) => [s, u.data[k + 1][i]]).filter(([s]) => s.show).slice(0, most);
    text(said, `${clockText(u.data[0][i])}: ${lines.map(([s, v]) => `${s.label} ${s.value(u, v)}`).join(', ')}`);
  });
  place.addEventListener('blur', () => {
    const u = plotOf();
    if (u) u.setCursor({ left: -10, top: -10 }, true, true);
    text(said, '');
  });
}
