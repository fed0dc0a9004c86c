// Asks the program that the page is of. All paths are relative: a proxy may serve us below one.

/** What was refused, in its own words. */
export class Refusal extends Error {
  constructor(status, body) {
    super(body.error || body.message || `it answers ${status}`);
    this.status = status;
    this.fix = body.fix || '';
    this.known = body.known || [];
  }
}

/**
 * Gets an answer of the local API.
 * @param {string} path like "alarms"
 * @param {Record<string, string|number|undefined>} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(path, query = {}, signal) {
  const params = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== '') params.set(k, String(v));
  const q = params.toString();
  const answer = await fetch(`v1/${path}${q ? `?${q}` : ''}`, { signal, cache: 'no-store' });
  if (answer.ok) return answer.json();
  let body = {};
  try {
    body = await answer.json();
  } catch { /* a proxy's page, or nothing */ }
  throw new Refusal(answer.status, body);
}

/** How an object is named in a question. */
export const objectOf = (o) => `${o.class}:${o.uuid}`;
