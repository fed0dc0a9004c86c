// Which view the address names: #/vm/UUID/variable?span=2h.

/**
 * @typedef {object} Place
 * @property {string} view now, history, host, wall, object, variable or lost
 * @property {string} [cls] vm, sr or host
 * @property {string} [uuid]
 * @property {string} [variable]
 * @property {URLSearchParams} query
 */

/** @returns {Place} */
export function placeOf(hash) {
  const [path, search = ''] = hash.replace(/^#/, '').split('?');
  const query = new URLSearchParams(search);
  const parts = path.split('/').filter(Boolean).map((p) => {
    try {
      return decodeURIComponent(p);
    } catch {
      return p;
    }
  });
  const [first, uuid, variable] = parts;
  if (!first) return { view: 'now', query };
  if (first === 'history' || first === 'wall') return { view: first, query };
  if (first === 'vm' || first === 'sr' || first === 'host') {
    if (first === 'host' && !uuid) return { view: 'object', cls: 'host', uuid: '', query };
    if (uuid && variable) return { view: 'variable', cls: first, uuid, variable, query };
    if (uuid) return { view: 'object', cls: first, uuid, query };
  }
  return { view: 'lost', query };
}

/** Changes a word of the query without a new entry in the browser's history. */
export function setQuery(name, value) {
  const [path, search = ''] = location.hash.split('?');
  const query = new URLSearchParams(search);
  if (value) query.set(name, value);
  else query.delete(name);
  const q = query.toString();
  history.replaceState(null, '', `${path || '#/'}${q ? `?${q}` : ''}`);
}
