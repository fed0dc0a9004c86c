// The first view: what is wrong, how much waits, who works, and what was
// decided lately.
import { ask } from './api.js';
import { charts, decisionList } from './charts.js';
import { h, text } from './dom.js';
import { at, onAgain, onPlan, onPresent, present, redraw } from './live.js';
import { Ring } from './spark.js';
import { profileTable } from './tables.js';
import { tiles } from './tiles.js';
import { calmText, troubleList } from './trouble.js';
import { setWhen } from './when.js';
import { roleLook } from './words.js';

const lately = 60; // plans in a sparkline
const fewProfiles = 100; // of which the past is asked for

/** @type {Map<string, Ring>} tasks by profile */
const past = new Map();

function remember(plan) {
  for (const t of plan.targets) {
    let ring = past.get(t.profile);
    if (!ring) past.set(t.profile, ring = new Ring(lately));
    ring.push(at(plan.at), t.waits === null ? null : t.waits + t.running);
  }
}
onPlan(remember); // in whatever view
onAgain(async () => {
  if (!present.status || present.status.profiles.length > fewProfiles) return;
  try {
    const { plans } = await ask('plans', { n: lately });
    past.clear();
    plans.forEach(remember);
    redraw();
  } catch { /* they grow from here then */ }
});

/** The line that says what this rubber does. */
function verdict() {
  const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
  const word = h('b');
  const why = h('span', { class: 'role-why' });
  const facts = h('span', { class: 'role-facts' });
  const since = h('time');
  const el = h('p', { class: 'verdict role' }, sign, word, why, facts, h('span', { class: 'dim' }, 'since ', since));
  return {
    el,
    update(s) {
      const l = roleLook(s);
      el.dataset.tone = l.tone;
      text(sign, l.sign);
      text(word, l.word);
      const waits = s.role === 'standby' || s.role === 'starting';
      text(why, s.paused ? `${s.pause_reason || 'no reason was given'}: no machine is started or let go until rubber is told to go on` : waits ? s.problem || '' : '');
      why.hidden = !why.textContent;
      const how = [s.paused && s.role !== 'active' ? s.role : '', `at most ${s.max_machines} machines`, s.engine ? `${s.engine.owner ? 'serves the ' : ''}${s.engine.where}` : 'without an engine'];
      text(facts, how.filter(Boolean).join(' · '));
      setWhen(since, at(s.since));
    },
  };
}

/** @param {HTMLElement} main */
export function nowView(main) {
  const role = verdict();
  const wrong = troubleList();
  const calm = h('p', { class: 'calm', dataset: { tone: 'fine' }, hidden: true });
  const numbers = tiles('');
  const plots = charts('');
  const table = profileTable((name) => (past.get(name) ? past.get(name).values : []));
  const none = h('p', { class: 'empty', hidden: true }, 'No profile is configured, so there is nothing to keep up. Name a queue, a broker and a cloud under ', h('code', null, 'profiles:'), ' of rubber.yaml, look at it with ', h('code', null, 'rubber check'), ', and have rubber read it again (SIGHUP).');
  const latest = decisionList({ most: 8 });
  const profiles = h('section', { 'aria-labelledby': 'h-profiles' }, h('h2', { id: 'h-profiles' }, 'Profiles'), table.el);
  const busy = h('div', { class: 'busy-part' }, numbers.el, plots.el, profiles);
  main.append(h('h1', { class: 'unseen' }, 'Now'), role.el, wrong.el, calm, none, busy,
    h('section', { 'aria-labelledby': 'h-latest' }, h('div', { class: 'head' }, h('h2', { id: 'h-latest' }, 'Decided lately'), h('a', { class: 'by', href: '#/decisions' }, 'all decisions')), latest.el));

  function update() {
    const s = present.status;
    main.toggleAttribute('aria-busy', !s);
    role.el.hidden = !s;
    busy.hidden = !s || s.profiles.length === 0;
    latest.update(present.decisions);
    wrong.update(s);
    if (!s) return;
    role.update(s);
    none.hidden = s.profiles.length > 0 || s.turns === 0;
    calm.hidden = !wrong.el.hidden || s.profiles.length === 0;
    text(calm, calmText(s));
    numbers.update(s, s.profiles);
    table.update(s.profiles);
  }
  update();
  const stop = onPresent(update);
  return () => {
    stop();
    numbers.end();
    plots.end();
  };
}
