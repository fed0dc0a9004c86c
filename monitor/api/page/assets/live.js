// What the page knows of the present: one stream of server-sent events for
// all views, and the alarms asked for after each poll.
import { ask } from './api.js';
import { agentSays } from './when.js';

/**
 * @typedef {object} Present
 * @property {any} brief the newest WatchPoll; null before the first
 * @property {any} overview
 * @property {any[]|null} alarms variables that are not inactive; null before the first answer
 * @property {any} status the answer of /v1/status; null while unknown
 * @property {'waiting'|'live'|'away'} link
 * @property {number} heard when the agent was last heard of, in the page's clock; 0 for never
 */

/** @type {Present} */
export const present = { brief: null, overview: null, alarms: null, status: null, link: 'waiting', heard: 0 };

const listeners = new Set();
const transitionListeners = new Set();

/** Calls f after each change of the present, until the returned function is called. */
export function onPresent(f) {
  listeners.add(f);
  return () => listeners.delete(f);
}

/** Calls f with each transition as it happens. */
export function onTransition(f) {
  transitionListeners.add(f);
  return () => transitionListeners.delete(f);
}

function changed() {
  for (const f of [...listeners]) f(present);
}

/** @type {EventSource|null} */
let stream = null;
let retryMs = 1000;
const longestRetryMs = 20000;

let retryTimer = 0;

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

function connect() {
  stream = new EventSource('v1/watch');
  stream.addEventListener('poll', (e) => {
    retryMs = 1000;
    const poll = JSON.parse(e.data);
    present.brief = poll;
    if (poll.now) agentSays(poll.now);
    present.overview = poll.overview || present.overview;
    present.link = 'live';
    present.heard = Date.now() / 1000;
    changed();
    refreshAlarms();
    refreshStatus();
  });
  stream.addEventListener('alarm', (e) => {
    const t = JSON.parse(e.data);
    for (const f of [...transitionListeners]) f(t);
    refreshAlarms();
  });
  stream.addEventListener('silence', () => refreshAlarms());
  stream.onerror = () => {
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

let asking = false;
let again = false;

/** One question at a time; what comes meanwhile is asked once, afterwards. */
async function refreshAlarms() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    present.alarms = (await ask('alarms')).variables || [];
    changed();
  } catch { /* the stream says whether the agent is away */ } finally {
    asking = false;
    if (again) {
      again = false;
      refreshAlarms();
    }
  }
}

let statusAt = 0;

/** The status changes seldom: once in half a minute will do. */
async function refreshStatus() {
  if (Date.now() - statusAt < 30000) return;
  statusAt = Date.now();
  try {
    present.status = await ask('status');
    changed();
  } catch { /* as above */ }
}

/**
 * Since when there are no data, and why: null while there are.
 * @returns {{since: number, why: string}|null}
 */
export function outage() {
  const b = present.brief;
  if (present.link === 'away') return { since: b ? b.last_row : 0, why: 'the agent does not answer; trying again' };
  if (!b) return null;
  if (b.state === 'trouble') return { since: b.last_row, why: b.trouble || 'no rows come' };
  // The line may be dead without having said so.
  const step = (present.overview && present.overview.step_s) || 60;
  if (Date.now() / 1000 - present.heard > Math.max(3 * step, 30)) return { since: b.last_row, why: 'the agent has fallen silent' };
  return null;
}

export function start() {
  document.addEventListener('visibilitychange', sight);
  sight();
  setInterval(changed, 5000); // "12 min ago" grows, and silence is noticed
}
