// Whom rubber asks and hears: clouds, brokers, alarms, its engine, and the
// brakes that hold it back.
import { h, keyed, text } from './dom.js';
import { at, onPresent, present } from './live.js';
import { ago, clockText } from './when.js';
import { count, kindWord, triesText } from './words.js';

/**
 * @typedef {object} Card
 * @property {string} key
 * @property {string} tone
 * @property {string} sign
 * @property {string} name
 * @property {string} state
 * @property {string} text
 * @property {string} fix
 */

const make = () => {
  const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
  const name = h('b');
  const state = h('span', { class: 'state' });
  const words = h('p');
  const fix = h('p', { class: 'dim' });
  const el = h('li', { class: 'card' }, h('div', { class: 'card-head' }, sign, name, state), words, fix);
  return {
    el,
    /** @param {Card} c */
    update(c) {
      el.dataset.tone = c.tone;
      text(sign, c.sign);
      text(name, c.name);
      text(state, c.state);
      text(words, c.text);
      words.hidden = !c.text;
      text(fix, c.fix);
      fix.hidden = !c.fix;
    },
  };
};

/** A section of cards, with what is said where there are none. */
function cards(title, empty) {
  const list = h('ul', { class: 'cards' });
  const none = h('p', { class: 'empty small' }, empty);
  return {
    el: h('section', null, h('h2', null, title), none, list),
    /** @param {Card[]} all */
    update(all) {
      none.hidden = all.length > 0;
      keyed(list, all, (c) => c.key, make);
    },
  };
}

const good = { tone: 'fine', sign: '●' };
const away = { tone: 'critical', sign: '▲' };
const partly = { tone: 'warning', sign: '◆' };

function sourceCard(x, noun) {
  const asked = x.ok || x.last_good || x.error;
  const look = x.ok ? good : !asked ? { tone: 'pending', sign: '◔' } : x.fails > 0 ? away : partly;
  const state = x.ok ? count(x.count, noun) : !asked ? 'not asked yet' : x.fails > 0 ? 'does not answer' : 'not complete';
  const last = x.ok ? '' : x.last_good ? `the last good answer was ${ago(at(x.last_good))} ago` : asked ? 'it has not answered yet' : '';
  return { key: x.name, ...look, name: x.name, state, text: x.error || '', fix: [last, triesText(x, x.next_try ? clockText(at(x.next_try)) : '')].filter(Boolean).join('; ') };
}

/** @param {HTMLElement} main */
export function sourcesView(main) {
  const brokers = cards('Brokers', 'No broker is configured.');
  const clouds = cards('Clouds', 'No cloud is configured.');
  const brakes = cards('Brakes', 'Nothing is held back: every cloud may be asked for machines.');
  const alarms = cards('Alarms', 'Alarms are heard from nowhere.');
  const engine = cards('Engine', 'There is none: a dry run keeps nothing.');
  main.append(h('div', { class: 'head' }, h('h1', null, 'Clouds & brokers')), h('div', { class: 'sources' }, brokers.el, clouds.el, brakes.el, alarms.el, engine.el));
  function update() {
    const s = present.status;
    if (!s) return;
    brokers.update(s.brokers.map((x) => sourceCard(x, 'worker')));
    clouds.update(s.clouds.map((x) => sourceCard(x, 'machine')));
    brakes.update(s.brakes.map((b) => ({
      key: `${b.cloud} ${b.profile || ''} ${b.kind}`, ...partly, name: b.profile ? `${b.profile} in ${b.cloud}` : b.cloud, state: kindWord(b),
      text: b.text, fix: [b.hint, `no machines are asked for until ${clockText(at(b.until))}`, b.fails > 1 ? `${b.fails} times in a row` : ''].filter(Boolean).join('; '),
    })));
    alarms.update(s.hearing.map((x) => ({
      key: x.name, ...(!x.connected || x.error ? { tone: 'nodata', sign: '?' } : x.complete ? good : { tone: 'pending', sign: '◔' }), name: x.name,
      state: !x.connected ? 'no connection' : x.complete ? 'heard' : 'not all of the past is read yet', text: x.error || '', fix: '',
    })));
    engine.update(s.engine ? [{
      key: 'engine', ...(s.engine.connected ? good : away), name: s.engine.where, state: !s.engine.connected ? 'not connected' : s.engine.owner ? 'served by this process' : 'connected', text: s.engine.error || '', fix: '',
    }] : []);
  }
  update();
  return onPresent(update);
}
