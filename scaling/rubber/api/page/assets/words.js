// Words and signs for states, roles and decisions. A sign goes with each
// colour: not everybody sees the colour.

/** @typedef {{tone: string, sign: string, word: string}} Look */

const states = {
  requested: ['pending', '◔'], building: ['pending', '◔'], booting: ['pending', '◑'], ready: ['fine', '●'],
  resting: ['none', '◐'], draining: ['none', '▽'], deleting: ['none', '✕'], warm: ['none', '○'],
};

/** The order in which machines live. */
export const stateOrder = Object.keys(states);

/** @returns {Look} of a machine's state */
export function stateLook(state) {
  const [tone, sign] = states[state] || ['none', '·'];
  return { tone, sign, word: state };
}

/** @returns {Look} of a whole rubber */
export function roleLook(s) {
  if (s.problem && s.role !== 'standby' && s.role !== 'starting') return { tone: 'critical', sign: '▲', word: 'in trouble' };
  if (s.paused) return { tone: 'warning', sign: '❙❙', word: 'paused' };
  switch (s.role) {
    case 'active': return { tone: 'fine', sign: '●', word: 'active' };
    case 'dry-run': return { tone: 'pending', sign: '◌', word: 'dry run' };
    case 'standby': return { tone: 'nodata', sign: '○', word: 'standing by' };
    default: return { tone: 'pending', sign: '◔', word: s.role };
  }
}

const up = new Set(['wanted', 'created', 'woken', 'resume', 'adopted']);
const down = new Set(['drain', 'rest', 'delete', 'parked', 'orphan', 'gone']);
const bad = new Set(['fault', 'refused', 'slow', 'slacker', 'lost', 'silent', 'overdue', 'error', 'unexpected']);

/** @returns {Look & {kind: 'up'|'down'|'bad'|''}} of a decision */
export function decisionLook(d) {
  if (bad.has(d.event) || d.loud) return { kind: 'bad', tone: 'warning', sign: '◆', word: d.event };
  if (up.has(d.event)) return { kind: 'up', tone: 'fine', sign: '▲', word: d.event };
  if (down.has(d.event)) return { kind: 'down', tone: 'pending', sign: '▼', word: d.event };
  return { kind: '', tone: 'none', sign: '·', word: d.event };
}

/** Those that are marked on a time axis: what was decided, not what followed. */
export const marked = (d) => decisionLook(d).kind === 'bad' || ['wanted', 'woken', 'resume', 'drain', 'rest', 'parked'].includes(d.event);

export const profileLink = (name) => `#/profile/${encodeURIComponent(name)}`;

/** "1 machine", "2 machines" */
export const count = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

/** How long an error has lasted and when it is asked again, in the words of a line. */
export const triesText = (s, when) => [s.fails > 1 ? `${s.fails} times in a row` : '', when ? `asked again at ${when}` : ''].filter(Boolean).join(', ');

/** What is done about a machine with trouble, and how often it was tried. */
export const wayOut = (m) => [m.hint, m.tries].filter(Boolean).join('; ');

/** The class of the error behind a brake, for people: who tries again says no more by "transient". */
export const kindWord = (b) => (b.kind === 'transient' ? 'tried again' : b.kind.replaceAll('_', ' '));
