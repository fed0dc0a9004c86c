// One profile: what it wants and why, over time, and its machines.
import { charts, decisionList } from './charts.js';
import { h, text } from './dom.js';
import { onPresent, present } from './live.js';
import { machineTable } from './machines.js';
import { profileLook, statesText } from './tables.js';
import { tiles } from './tiles.js';
import { duration, number } from './units.js';
import { count } from './words.js';

/** @param {HTMLElement} main @param {{name: string}} place */
export function profileView(main, place) {
  const { name } = place;
  const sign = h('span', { class: 'sign', role: 'img' });
  const facts = h('p', { class: 'facts' });
  const verdict = h('p', { class: 'verdict' });
  const why = h('ul', { class: 'why-list' });
  const gone = h('p', { class: 'empty', hidden: true });
  const numbers = tiles(name);
  const plots = charts(name);
  const machines = machineTable(name);
  const latest = decisionList({ profile: name, most: 30 });
  const rest = h('div', { class: 'busy-part' }, verdict, numbers.el,
    h('section', { 'aria-labelledby': 'h-why' }, h('h2', { id: 'h-why' }, 'Why'), why), plots.el,
    h('section', { 'aria-labelledby': 'h-machines' }, h('h2', { id: 'h-machines' }, 'Machines'), machines.el),
    h('section', { 'aria-labelledby': 'h-latest' }, h('h2', { id: 'h-latest' }, 'Decided lately'), latest.el));
  main.append(h('div', { class: 'object-head' }, h('p', { class: 'crumb' }, h('a', { href: '#/' }, 'profiles')), h('div', { class: 'title' }, sign, h('h1', null, name)), facts), gone, rest);

  function update() {
    const s = present.status;
    const p = s && s.profiles.find((x) => x.name === name);
    rest.hidden = !p;
    gone.hidden = !s || Boolean(p) || s.turns === 0;
    text(gone, `There is no profile “${name}” in this rubber's configuration.`);
    if (!p) return;
    const l = profileLook(p);
    main.firstElementChild.dataset.tone = l.tone;
    text(sign, l.sign);
    sign.setAttribute('aria-label', l.word);
    const parts = [
      `queue ${p.queue} of ${p.broker}`, `cloud ${p.cloud}`, p.generation && `generation ${p.generation.slice(0, 12)}`,
      p.max ? `${p.min} to ${count(p.max, 'machine')}` : `at least ${count(p.min, 'machine')}`,
      p.boot_p50_s !== null && `boots in ${duration(p.boot_p50_s)}${p.boot_p95_s !== null ? `, one in twenty in ${duration(p.boot_p95_s)}` : ''}`,
      p.task_s !== null && `a task takes ${number(p.task_s, 's')}`,
    ].filter(Boolean);
    if (facts.dataset.of !== parts.join()) {
      facts.dataset.of = parts.join();
      facts.replaceChildren(...parts.map((x) => h('span', { class: 'tag' }, x)));
    }
    verdict.dataset.tone = l.tone;
    const said = `${count(p.want, 'machine')} wanted, ${p.have} there`;
    const more = [statesText(p.states), p.wish !== p.want ? `${p.wish} by demand, at most ${p.limit} now` : '', s.paused ? 'scaling is paused' : ''].filter(Boolean).join(' · ');
    if (verdict.dataset.of !== said + more) {
      verdict.dataset.of = said + more;
      verdict.replaceChildren(h('b', null, said), h('span', null, more));
    }
    const lines = [p.blocked && `No machine can be had now: ${p.blocked}`, p.error && `${p.waits === null ? 'Demand is not known' : 'Not all is known'}: ${p.error}`, ...p.reasons].filter(Boolean);
    if (lines.length === 0) lines.push('The last plan has nothing to say of it.');
    if (why.dataset.of !== lines.join('\n')) {
      why.dataset.of = lines.join('\n');
      why.replaceChildren(...lines.map((x) => h('li', null, x)));
    }
    numbers.update(s, [p]);
    latest.update(present.decisions);
  }
  update();
  const stop = onPresent(update);
  return () => {
    stop();
    numbers.end();
    plots.end();
    machines.end();
  };
}
