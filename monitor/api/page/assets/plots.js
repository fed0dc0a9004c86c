// All plots of one object: asked for as one series, grouped by kind, drawn as
// they come into sight, and renewed while one looks at them.
import { Refusal, ask, objectOf } from './api.js';
import { h, text } from './dom.js';
import { levelsOf, marks } from './marks.js';
import { groupsOf } from './groups.js';
import { keys } from './keys.js';
import { plot } from './plot.js';
import { setQuery } from './router.js';

/** Spans by name, with the seconds between two questions. */
export const spans = /** @type {[string, string, number][]} */ ([
  ['10m', '10 min', 5], ['2h', '2 h', 60], ['1w', '1 week', 900], ['1y', '1 year', 3600],
]);

/**
 * @param {{class: string, uuid: string}} object
 * @param {{span: string, only?: string[], filter?: boolean}} o only: these columns
 */
export function plots(object, o) {
  let span = spans.some(([id]) => id === o.span) ? o.span : '10m';
  let drawn = ''; // the span that is to be seen
  let wanted = '';
  /** @type {Map<string, {figure: HTMLElement, show: (d: any) => void, end: () => void, key: string}>} */
  let shown = new Map();
  let asked = new AbortController();
  let timer = 0;
  let ended = false;

  const note = h('p', { class: 'empty small', hidden: true });
  const place = h('div', { class: 'plots', 'aria-busy': 'true' });
  const radios = spans.map(([id, label]) => h('label', null,
    h('input', { type: 'radio', name: 'span', value: id, checked: id === span, onchange() { span = id; setQuery('span', id); place.setAttribute('aria-busy', 'true'); ask1(); } }), h('span', null, label)));
  const filter = h('input', {
    type: 'search', placeholder: object.class === 'host' ? 'any other data source' : 'filter data sources', 'aria-label': 'Filter data sources by name', autocomplete: 'off', spellcheck: 'false',
    oninput() { wanted = filter.value.trim(); clearTimeout(timer); timer = setTimeout(ask1, 250); },
  });
  const el = h('section', { class: 'plot-section', 'aria-label': 'Plots' },
    h('div', { class: 'head' }, h('h2', null, 'Plots'), h('fieldset', { class: 'spans' }, h('legend', { class: 'unseen' }, 'Time span'), ...radios), o.filter ? filter : null),
    note, place);

  /**
   * A host has a data source for each idle state of each processor, and more
   * than the agent sends at once: these are what one looks for first.
   */
  const hostFirst = ['cpu?', 'cpu??', 'cpu???', 'cpu_avg', 'hostload', 'loadavg', 'running_*', 'memory_*', 'pif_*', 'latency_*', 'iops_*', 'io_throughput_*', 'read_*', 'write_*', 'inflight_*', 'iowait_*', 'disk_*', 'pressure_*'];
  const all = object.class === 'host' ? hostFirst.join(',') : undefined;

  /** Globs for the agent: letters and the like only, all else is "any". */
  const glob = () => (o.only ? o.only.join(',') : wanted ? `*${wanted.replace(/[^A-Za-z0-9_.-]/g, '*')}*` : all);

  async function ask1() {
    if (ended) return;
    clearTimeout(timer);
    asked.abort();
    asked = new AbortController();
    const mine = asked;
    try {
      draw(await ask('series', { object: object.uuid ? objectOf(object) : 'host', span, columns: glob() }, mine.signal));
      drawn = span;
    } catch (e) {
      if (mine.signal.aborted) return;
      note.hidden = false;
      // Rows of another span must not stand under this one's name.
      if ((e instanceof Refusal && e.status < 500) || drawn !== span) clear();
      text(note, e instanceof Refusal ? `No plots: ${e.message}. ${e.fix}` : 'No plots: the agent does not answer.');
    }
    place.removeAttribute('aria-busy');
    const again = (spans.find(([id]) => id === span) || spans[0])[2];
    if (!ended && mine === asked) timer = setTimeout(whenSeen, again * 1000);
  }

  /** Nobody looks at a hidden page: it asks when it is seen again. */
  function whenSeen() {
    if (!document.hidden) ask1();
    else document.addEventListener('visibilitychange', ask1, { once: true });
  }

  function clear() {
    for (const f of shown.values()) {
      f.end();
      f.figure.remove();
    }
    shown = new Map();
  }

  function draw(s) {
    const groups = groupsOf(s.columns);
    note.hidden = groups.length > 0 && !s.truncated && s.t.length > 0;
    if (groups.length === 0) text(note, wanted ? `No data source has “${wanted}” in its name.` : 'This object has no data sources.');
    else if (s.t.length === 0) text(note, 'The archive has no rows of this time yet. A shorter span may have some.');
    else text(note, 'There are more data sources than are drawn: filter by name to see the others.');

    const next = new Map();
    for (const g of groups) {
      const columns = g.at.map((i) => s.columns[i]);
      const names = new Set(columns.map((c) => c.name));
      const triggers = (s.triggers || []).filter((t) => (t.columns || []).some((c) => names.has(c)));
      const watched = new Set(triggers.map((t) => t.variable));
      const drawing = {
        t: s.t, values: g.at.map((i) => scaled(s.values[i], g.factor[s.columns[i].name])), columns, unit: g.unit, start: s.start, end: s.end,
        levels: levelsOf(triggers, g.unit, g.factor), transitions: (s.transitions || []).filter((t) => watched.has(t.variable)),
      };
      const key = columns.map((c) => c.name).join(' ') + g.unit;
      let f = shown.get(g.id);
      if (f && f.key !== key) {
        f.end();
        f.figure.remove();
        f = undefined;
      }
      f = f || figure(g, key);
      place.append(f.figure);
      f.show(drawing);
      next.set(g.id, f);
    }
    for (const [id, f] of shown) {
      if (!next.has(id)) {
        f.end();
        f.figure.remove();
      }
    }
    shown = next;
  }

  /** One plot with its heading; it is made when it comes near the window. */
  function figure(g, key) {
    const at = h('div', { class: 'plot' });
    const el = h('figure', { dataset: { group: g.title } }, h('figcaption', null, h('b', null, g.title), h('span', null, unitText(g.unit))), at);
    let drawing = null;
    let p = null;
    keys(at, () => p && p.u);
    const seen = new IntersectionObserver((entries) => {
      if (!p && drawing && entries.some((e) => e.isIntersecting)) {
        p = plot(at, drawing, { plugins: (get) => [marks(get)] });
        /** @type {any} */ (el).plot = p.u; // for whoever looks with the browser's tools
        seen.disconnect();
      }
    }, { rootMargin: '300px' });
    seen.observe(el);
    return {
      figure: el, key,
      show(d) {
        drawing = d;
        const what = d.columns.map((c) => c.name).join(', ');
        at.setAttribute('role', 'group');
        at.setAttribute('aria-label', `${g.title}: ${what}. Arrow keys read the values.`);
        el.title = d.columns.length === 1 && d.columns[0].help ? d.columns[0].help : '';
        if (p) p.update(d);
      },
      end() {
        seen.disconnect();
        if (p) p.end();
      },
    };
  }

  ask1();
  return {
    el,
    end() {
      ended = true;
      clearTimeout(timer);
      asked.abort();
      clear();
    },
  };
}

const scaled = (values, factor) => (factor === 1 ? values : values.map((v) => (v === null ? null : v * factor)));
const unitText = (unit) => ({ fraction: '%', B: 'bytes', 'B/s': 'bytes a second', s: 'time', '1/s': 'a second' }[unit] ?? unit);
