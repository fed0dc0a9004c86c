// Words and signs for what an alarm is like. A sign goes with each colour:
// not everybody sees the colour.

/**
 * The look of a variable's state.
 * @param {{state: string, severity?: string, muted?: string}} v
 * @returns {{tone: string, sign: string, word: string}}
 */
export function look(v) {
  switch (v.state) {
    case 'firing':
    case 'clearing':
      if (v.severity === 'warning') return { tone: 'warning', sign: '◆', word: v.state === 'clearing' ? 'warning, clearing' : 'warning' };
      return { tone: 'critical', sign: '▲', word: v.state === 'clearing' ? 'critical, clearing' : 'critical' };
    case 'nodata': return { tone: 'nodata', sign: '?', word: 'no data' };
    case 'pending': return { tone: 'pending', sign: '◔', word: 'pending' };
    default: return { tone: 'fine', sign: '●', word: 'fine' };
  }
}

/** The look of an object by its flags in an overview. */
export function flagsLook(f) {
  if (f.firing > 0) return look({ state: 'firing', severity: f.severity });
  if (f.nodata > 0) return look({ state: 'nodata' });
  if (f.pending > 0) return look({ state: 'pending' });
  return look({ state: 'inactive' });
}

/** Greater is worse. */
export const rank = { critical: 4, warning: 3, nodata: 2, pending: 1, fine: 0 };

/** The look of a transition in the history. */
export function kindLook(t) {
  switch (t.kind) {
    case 'cleared': return { tone: 'fine', sign: '○', word: t.reason && t.reason !== 'level' ? `cleared (${t.reason})` : 'cleared' };
    case 'nodata': return { tone: 'nodata', sign: '?', word: 'no data' };
    case 'repeated': return { ...look({ state: 'firing', severity: t.severity }), word: 'repeated' };
    default: return { ...look({ state: 'firing', severity: t.severity }), word: 'raised' };
  }
}

export const classWord = { vm: 'VM', sr: 'SR', host: 'host' };

/** A name to show: objects may have none. */
export const nameOf = (o) => o.name_label || o.uuid || 'this host';

/** Where an object's page is. */
export const linkTo = (o, variable) => `#/${o.class}/${o.uuid}${variable ? `/${encodeURIComponent(variable)}` : ''}`;

/** ">" or "<" with the level's text. */
export const beyond = (sense, level) => `${sense === 'low' ? 'below' : 'above'} ${level}`;
