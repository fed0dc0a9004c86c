// What the page knows of the present: one stream of server-sent events for all
// views, and what was decided before it began.
import { ask } from './api.js';
import { agentSays } from './when.js';

/**
 * @typedef {object} Present
 * @property {any} status the newest; null before the first
 * @property {any[]} decisions oldest first
 * @property {'waiting'|'live'|'away'} link
 * @property {number} heard when something was last heard, in the page's clock; 0 for never
 * @property {number} step seconds between the last two plans; 0 while unknown
 */

/** @type {Present} */
export const present = { status: null, decisions: [], link: 'waiting', heard: 0, step: 0 };

/** Seconds since 1970 of a time in an answer; 0 for none. */
export const at = (text) => (text ? Date.parse(text) / 1000 : 0);

const keptDecisions = 1000;
const firstMachines = 20;

const listeners = { present: new Set(), plan: new Set(), decision: new Set(), again: new Set() };

const listen = (kind) => (f) => {
  listeners[kind].add(f);
  return () => listeners[kind].delete(f);
};

/** Each calls f until the returned function is called. */
export const onPresent = listen('present'); // after each change
export const onPlan = listen('plan'); // with each plan
export const onDecision = listen('decision'); // with each that is new
export const onAgain = listen('again'); // when the line stands, at first and after it was broken

/** Has all views drawn anew, after something beside the stream has changed. */
export const redraw = () => tell('present', present);

function tell(kind, what) {
  for (const f of [...listeners[kind]]) f(what);
}
const changed = redraw;

/** @type {EventSource|null} */
let stream = null;
let retryMs = 1000;
const longestRetryMs = 20000;
let retryTimer = 0;
let planned = 0;

/** A page that nobody sees holds no line: a browser has six for each host. */
function sight() {
  if (document.hidden) {
    clearTimeout(retryTimer);
    if (stream) stream.close();
    stream = null;
  } else if (!stream) {
    present.heard = Date.now() / 1000; // it was we who did not listen
    connect();
  }
}

const keyOf = (d) => `${d.at} ${d.event} ${d.machine || ''} ${d.text}`;

function connect() {
  let fresh = true;
  stream = new EventSource(`v1/watch?machines=${firstMachines}`); // those in trouble; views ask for the others
  const take = (kind, f) => /** @type {EventSource} */ (stream).addEventListener(kind, (e) => {
    retryMs = 1000;
    present.link = 'live';
    present.heard = Date.now() / 1000;
    f(JSON.parse(/** @type {MessageEvent} */ (e).data));
    if (fresh) {
      fresh = false;
      refresh();
      tell('again');
    }
    changed();
  });
  take('status', (s) => {
    agentSays(at(s.now));
    present.status = s;
  });
  take('plan', (p) => {
    const t = at(p.at);
    if (planned && t > planned) present.step = t - planned;
    planned = t;
    tell('plan', p);
  });
  take('decision', (d) => {
    present.decisions = [...present.decisions, d].slice(-keptDecisions);
    tell('decision', d);
  });
  stream.onerror = () => {
    fresh = true;
    present.link = 'away';
    changed();
    // The browser tries again by itself after a broken line, not after an
    // answer that was none.
    if (stream && stream.readyState === EventSource.CLOSED) {
      clearTimeout(retryTimer);
      retryTimer = setTimeout(connect, retryMs);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
  };
}

/** What was decided while nobody listened. */
async function refresh() {
  try {
    const { decisions } = await ask('decisions');
    const known = new Set(decisions.map(keyOf));
    const last = decisions.length ? at(decisions[decisions.length - 1].at) : 0;
    const later = present.decisions.filter((d) => at(d.at) >= last && !known.has(keyOf(d)));
    present.decisions = [...decisions, ...later];
    changed();
  } catch { /* the stream says whether rubber is away */ }
}

/** Roles that take turns; the others have nothing new to say. */
const turning = (s) => s.role === 'active' || s.role === 'dry-run';

/**
 * Since when nothing is heard, and why: null while there is.
 * @returns {{since: number, why: string}|null}
 */
export function outage() {
  const s = present.status;
  const since = s && s.turns ? at(s.at) : 0;
  if (present.link === 'away') return { since, why: 'rubber does not answer; trying again' };
  if (s && turning(s) && Date.now() / 1000 - present.heard > Math.max(60, 4 * present.step)) return { since, why: 'rubber takes no turn any more' };
  return null;
}

export function start() {
  document.addEventListener('visibilitychange', sight);
  sight();
  setInterval(changed, 5000); // "12 min ago" grows, and silence is noticed
}
