// The plots: demand beside capacity, machines, and the longest wait.
import { h } from './dom.js';
import { history } from './history.js';
import { keys } from './keys.js';
import { at, onDecision, onPresent, present } from './live.js';
import { marks } from './marks.js';
import { plot } from './plot.js';
import { clockOnly, nowSeconds } from './when.js';
import { decisionLook, marked, profileLink } from './words.js';

const spans = [['10m', '10 min', 600], ['1h', '1 h', 3600]];

const sum = (a, b) => a.map((v, i) => (v === null || b[i] === null ? null : v + b[i]));

/** What is drawn: a title, its unit, and the lines of a history. */
const drawings = [
  {
    id: 'tasks', title: 'Tasks and slots', unit: '', about: 'tasks',
    lines: [{ name: 'tasks', colour: '--line-0', fill: '--fill' }, { name: 'with workers', colour: '--line-3', dash: [2, 3] }, { name: 'slots', colour: '--line-1', steps: true }],
    values: (x) => [sum(x.waits, x.running), x.running, x.slots],
  },
  {
    id: 'machines', title: 'Machines', unit: '', about: 'machines',
    lines: [
      { name: 'ready', colour: '--line-0', fill: '--fill', steps: true }, { name: 'coming', colour: '--line-1', steps: true },
      { name: 'resting', colour: '--line-8', steps: true }, { name: 'wanted', colour: '--line-2', dash: [6, 4], steps: true },
    ],
    values: (x) => [x.ready, x.coming, x.resting, x.want],
  },
  {
    id: 'wait', title: 'Longest wait', unit: 's', about: 'time',
    lines: [{ name: 'oldest task', colour: '--line-2', fill: '--fill-wait' }],
    values: (x) => [x.oldest_s],
  },
];

/**
 * @param {string} profile "" for all together
 */
export function charts(profile) {
  let span = spans[1];
  let rows = null;
  let shown = [];
  const place = h('div', { class: 'plots three' });
  const note = h('p', { class: 'empty small' }, 'No plan was made yet: the plots begin with the first.');
  const radios = spans.map((one) => h('label', null,
    h('input', { type: 'radio', name: 'span', value: one[0], checked: one === span, onchange() { span = one; draw(); } }), h('span', null, one[1])));
  const el = h('section', { class: 'plot-section', 'aria-labelledby': 'h-plots' },
    h('div', { class: 'head' }, h('h2', { id: 'h-plots' }, profile ? 'Over time' : 'Over time, all profiles'),
      h('span', { class: 'marks-key' }, mark('up', '▲', 'starts'), mark('down', '▼', 'lets go'), mark('bad', '◆', 'trouble')),
      h('fieldset', { class: 'spans' }, h('legend', { class: 'unseen' }, 'Time span'), ...radios)),
    note, place);

  /** From the first plan that is known if that is later, and two minutes at least. */
  function window() {
    const end = Math.max(nowSeconds(), rows.t[rows.t.length - 1]);
    return { start: Math.min(end - 120, Math.max(end - span[2], rows.t[0])), end };
  }

  function draw() {
    if (!rows || rows.t.length === 0) return;
    note.hidden = true;
    const range = window();
    const decisions = present.decisions.filter((d) => (!profile || d.profile === profile) && at(d.at) >= range.start && marked(d))
      .map((d) => ({ t: at(d.at), look: decisionLook(d), text: d.text }));
    if (shown.length === 0) shown = drawings.map(figure);
    shown.forEach((f, i) => f.show({ ...range, t: rows.t, values: drawings[i].values(rows), columns: drawings[i].lines, unit: drawings[i].unit, decisions }));
  }

  function figure(d) {
    const where = h('div', { class: 'plot', role: 'group', 'aria-label': `${d.title}: ${d.lines.map((l) => l.name).join(', ')}. Arrow keys read the values.` });
    const said = h('p', { class: 'said-here', hidden: true });
    const fig = h('figure', { dataset: { plot: d.id } }, h('figcaption', null, h('b', null, d.title), h('span', null, d.about)), where, said);
    place.append(fig);
    let p = null;
    keys(where, () => p && p.u);
    const say = (texts) => {
      said.hidden = texts.length === 0;
      said.replaceChildren(...texts.slice(0, 4).map((t) => h('span', null, t)), texts.length > 4 ? h('span', null, `and ${texts.length - 4} more`) : '');
    };
    return {
      show(drawing) {
        if (p) p.update(drawing);
        else {
          p = plot(where, drawing, { height: 200, plugins: (get) => [marks(get, say)] });
          fig.plot = p.u; // for whoever looks with the browser's tools
        }
      },
      end() {
        if (p) p.end();
      },
    };
  }

  let due = 0; // one drawing for what comes at once
  const soon = () => {
    if (!due) due = requestAnimationFrame(() => { due = 0; draw(); });
  };
  const stops = [history(profile, (x) => { rows = x; soon(); }), onDecision(soon), onPresent(soon)];
  return {
    el,
    end() {
      cancelAnimationFrame(due);
      for (const stop of stops) stop();
      for (const f of shown) f.end();
    },
  };
}

const mark = (kind, sign, word) => {
  const i = h('i', { class: `mark-${kind}`, 'aria-hidden': 'true' }, sign);
  return h('span', null, i, ` ${word}`);
};

/**
 * Decisions, newest first, in a list that is kept.
 * @param {{profile?: string, most: number}} o
 */
export function decisionList(o) {
  const el = h('ul', { class: 'decisions' });
  const none = h('p', { class: 'empty small' }, 'Nothing was decided yet.');
  let before = '';
  return {
    el: h('div', null, none, el),
    update(all) {
      const fit = all.filter((d) => !o.profile || d.profile === o.profile).slice(-o.most).reverse();
      const now = fit.length ? `${fit.length} ${fit[0].at} ${fit[0].text} ${fit[fit.length - 1].at}` : '';
      none.hidden = fit.length > 0;
      if (now === before) return; // the reader's selection stays
      before = now;
      el.replaceChildren(...fit.map((d) => {
        const l = decisionLook(d);
        const li = h('li', { dataset: { tone: l.tone } }, clockOnly(at(d.at)), h('span', { class: `sign mark-${l.kind}`, 'aria-hidden': 'true' }, l.sign), h('span', { class: 'event' }, l.word), h('span', { class: 'said' }));
        li.lastElementChild.append(!o.profile && d.profile ? h('a', { href: profileLink(d.profile) }, d.profile) : '', !o.profile && d.profile ? ' ' : '', d.name ? `${d.name}: ` : '', d.text);
        return li;
      }));
    },
  };
}
