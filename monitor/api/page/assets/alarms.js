// The list of current alarms: the worst first, a picture in each.
import { ask, objectOf } from './api.js';
import { h, keyed, text } from './dom.js';
import { gauge } from './gauge.js';
import { Ring, sparkline } from './spark.js';
import { number, unitFor } from './units.js';
import { ago, setWhen, when } from './when.js';
import { beyond, classWord, linkTo, look, nameOf } from './words.js';

const sparkRows = 60;
/** More alarms than this are shown when asked for: the worst come first. */
const most = 10;
/** How many alarms get their past rows asked for: the rest fill as rows come. */
const asked = 40;

const keyOf = (v) => `${v.class}/${v.uuid}/${v.variable}`;

/** Past values by variable, kept over views. @type {Map<string, Ring>} */
const rings = new Map();

/** @type {[any, () => void][]} */
const waiting = [];
let running = 0;

/** Fetches the rows that a variable has remembered. */
function seed(v, done) {
  waiting.push([v, done]);
  pump();
}

/** Asks for two at a time. */
function pump() {
  while (running < 2 && waiting.length) {
    running++;
    pastRows(.../** @type {[any, () => void]} */ (waiting.shift())).finally(() => {
      running--;
      pump();
    });
  }
}

async function pastRows(v, done) {
  const key = keyOf(v);
  try {
    const e = await ask('explain', { object: objectOf(v), variable: v.variable });
    const ring = new Ring(sparkRows);
    for (const row of e.rows || []) ring.push(row.t, row.value, e.step_s);
    const young = rings.get(key);
    if (young) ring.follow(young, e.step_s);
    rings.set(key, ring);
    done();
  } catch { /* the spark grows from here then */ }
}

/**
 * @param {{compact?: boolean}} [o]
 * @returns {{el: HTMLElement, update: (alarms: any[], row: number, step?: number) => void}}
 */
export function alarmList(o = {}) {
  const ul = h('ul', { class: `alarms${o.compact ? ' compact' : ''}` });
  const more = h('button', { type: 'button', class: 'more', hidden: true, onclick() { everything = !everything; draw(); } });
  const el = h('div', null, ul, more);
  let row = 0;
  let step = 0;
  let everything = false;
  /** @type {any[]} */
  let all = [];

  const make = (first) => {
    const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
    const word = h('span', { class: 'word' });
    const name = h('b', { class: 'name' });
    const cls = h('span', { class: 'class' });
    const variable = h('span', { class: 'variable' });
    const spark = sparkline();
    const g = gauge();
    const value = h('span', { class: 'value' });
    const level = h('span', { class: 'against' });
    const since = when(first.since || 1, false);
    const age = h('span', { class: 'age' });
    const muted = h('span', { class: 'muted-note' });
    const link = h('a', { href: linkTo(first, first.variable) },
      h('span', { class: 'what' }, sign, h('span', { class: 'names' }, h('span', { class: 'line1' }, name, cls), h('span', { class: 'line2' }, variable, word, muted))),
      h('span', { class: 'picture' }, spark.el, g.el),
      h('span', { class: 'numbers' }, value, level),
      h('span', { class: 'time' }, h('span', null, 'since ', since), age));
    const li = h('li', { class: 'alarm' }, link);
    const key = keyOf(first);
    const drawSpark = (v) => {
      const ring = rings.get(key);
      if (ring) spark.update(ring.values, { level: v.level, floor: unitFor(v) === 'fraction' ? 0 : undefined });
    };
    let last = first;
    const askForPast = () => {
      if (ul.children.length <= asked) seed(last, () => drawSpark(last));
    };
    if (!rings.has(key)) {
      rings.set(key, new Ring(sparkRows));
      askForPast();
    }
    const update = (v) => {
      last = v;
      const l = look(v);
      const unit = unitFor(v);
      li.dataset.tone = l.tone;
      li.classList.toggle('muted', Boolean(v.muted));
      text(sign, l.sign);
      text(word, l.word);
      text(name, nameOf(v));
      text(cls, classWord[v.class] || v.class);
      text(variable, v.variable);
      text(value, number(v.value, unit));
      text(level, v.state === 'nodata' ? 'no value' : beyond(v.sense, number(v.level, unit)));
      g.update(v.value, v.level, v.sense, unit);
      setWhen(since, v.since, false);
      text(age, v.since ? ago(v.since) : '');
      text(muted, v.muted ? mutedText(v.muted) : '');
      const ring = rings.get(key);
      if (ring) {
        // What was missed while nobody looked, the agent may know.
        const missed = ring.missed(row, step) > 0;
        ring.push(row, v.value, step);
        if (missed) askForPast();
      }
      drawSpark(v);
    };
    return { el: li, update };
  };

  function draw() {
    keyed(ul, everything ? all : all.slice(0, most), keyOf, make);
    more.hidden = all.length <= most;
    text(more, everything ? `show the worst ${most}` : `show all ${all.length} alarms`);
  }
  return {
    el,
    update(alarms, time, stepSeconds = 0) {
      row = time;
      step = stepSeconds;
      all = alarms;
      // What has gone is asked for anew if it comes back: rows were missed.
      const current = new Set(all.map(keyOf));
      for (const key of rings.keys()) if (!current.has(key)) rings.delete(key);
      draw();
    },
  };
}

/** "silence 5f0c" → "silenced", the others as they are. */
export function mutedText(muted) {
  if (muted.startsWith('silence ')) return 'silenced';
  return `held back: ${muted}`;
}
