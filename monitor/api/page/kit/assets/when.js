// Times: the reader's zone to look at, UTC to hover over.
import { h } from './dom.js';
import { duration, unknown } from './units.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const short = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

const date = (t) => new Date(t * 1000);
const sameDay = (a, b) => date(a).toDateString() === date(b).toDateString();

let ahead = 0; // of the agent's clock before the reader's, in seconds

/** Takes the agent's clock, by which times of alarms are: the reader's may be wrong. */
export function agentSays(now) {
  ahead = now - Date.now() / 1000;
}

/** Now, by the agent's clock. */
export const nowSeconds = () => Date.now() / 1000 + ahead;

/** Time of day, with the day where it is another than today. */
export function clockText(t, seconds = true) {
  if (!t) return unknown;
  const time = (seconds ? clock : short).format(date(t));
  return sameDay(t, nowSeconds()) ? time : `${day.format(date(t))}, ${time}`;
}

export const hourMinute = (t) => short.format(date(t));
export const hourMinuteSecond = (t) => clock.format(date(t));
/** The time of day alone, where the day is said already. */
export function clockOnly(t) {
  return h('time', { datetime: date(t).toISOString(), title: utcText(t) }, clock.format(date(t)));
}

const month = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
export const monthText = (t) => month.format(date(t));
export const dayText = (t) => day.format(date(t));
export const longDayText = (t) => longDay.format(date(t));

/** The same instant for those who compare logs. */
export function utcText(t) {
  return t ? `${date(t).toISOString().slice(0, 19).replace('T', ' ')} UTC` : '';
}

/** How long ago, never negative: clocks differ. */
export const ago = (t, now = nowSeconds()) => duration(Math.max(0, now - t));

/**
 * A <time> element.
 * @param {number} t Unix seconds; 0 is never
 */
export function when(t, seconds = true) {
  if (!t) return h('span', null, unknown);
  return h('time', { datetime: date(t).toISOString(), title: utcText(t) }, clockText(t, seconds));
}

/** Sets the time of an element made by when or as <time>. */
export function setWhen(el, t, seconds = true) {
  const label = clockText(t, seconds);
  if (el.textContent !== label) {
    el.textContent = label;
    el.title = utcText(t);
    if (t) el.setAttribute('datetime', date(t).toISOString());
  }
}
