// One object: how it is, what is watched on it, and plots of its data sources.
import { Refusal, ask, objectOf } from './api.js';
import { h, text } from './dom.js';
import { gauge } from './gauge.js';
import { onPresent, present } from './live.js';
import { mutedText } from './alarms.js';
import { plots } from './plots.js';
import { number, unitFor, whole } from './units.js';
import { when } from './when.js';
import { classWord, flagsLook, linkTo, look, nameOf } from './words.js';

/** What the overview says of an object; undefined while it is not in it. */
export function inOverview(cls, uuid) {
  const o = present.overview;
  if (!o) return undefined;
  if (cls === 'host') return o.host;
  return (cls === 'vm' ? o.vms : o.srs)?.find((x) => x.uuid === uuid);
}

/** The heading of an object's pages. */
export function objectHead(object) {
  const name = h('h1');
  const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
  const facts = h('p', { class: 'facts' });
  const el = h('div', { class: 'object-head' }, h('p', { class: 'crumb' }, h('a', { href: '#/' }, 'Now'), ' › ', classWord[object.class] || object.class), h('div', { class: 'title' }, sign, name), facts);
  let tags = [];
  ask('objects', { query: object.uuid ? objectOf(object) : 'host' }).then((a) => {
    if (a.objects && a.objects[0]) {
      tags = a.objects[0].tags || [];
      if (!object.name_label) object.name_label = a.objects[0].name_label;
      if (!object.uuid) object.uuid = a.objects[0].uuid;
      update();
    }
  }).catch(() => { /* the overview may know it */ });
  function update() {
    const o = inOverview(object.class, object.uuid);
    const l = flagsLook(o || { firing: 0, nodata: 0, pending: 0 });
    el.dataset.tone = l.tone;
    text(sign, l.sign);
    text(name, nameOf({ ...object, ...(o || {}) }));
    facts.replaceChildren(
      h('code', null, object.uuid || (o && o.uuid) || ''),
      ...tags.map((t) => h('span', { class: 'tag' }, t)),
      ...(o && o.maintenance ? [h('span', { class: 'tag warn' }, o.maintenance)] : []));
  }
  return { el, update };
}

/** The table of an object's variables. */
function variablesTable(object) {
  const body = h('tbody');
  const none = h('p', { class: 'empty small', hidden: true });
  const table = h('table', { class: 'variables' }, h('caption', { class: 'unseen' }, 'What is watched on this object'),
    h('thead', null, h('tr', null, ...['variable', 'state', 'value', 'alarm', 'since'].map((t, i) => h('th', { scope: 'col', class: i > 3 ? 'narrow-out' : '' }, t)))), body);
  const frame = h('div', { class: 'scroll' }, table);
  const el = h('section', { 'aria-labelledby': 'h-variables' }, h('h2', { id: 'h-variables' }, 'Watched'), frame, none);
  return {
    el,
    show(variables) {
      frame.hidden = variables.length === 0;
      none.hidden = variables.length > 0;
      if (!none.hidden) none.replaceChildren('No triggers: nothing is watched here. ', h('code', null, object.class === 'host' ? 'perfmonctl explain host' : `perfmonctl set ${objectOf(object)} ${object.class === 'sr' ? 'physical_utilisation' : 'cpu_usage'} level=0.9`));
      const focused = document.activeElement && body.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
      body.replaceChildren(...variables.map((v) => {
        const l = look(v);
        const unit = unitFor(v);
        const g = gauge();
        g.update(v.value, v.level, v.sense, unit);
        return h('tr', { dataset: { tone: l.tone } },
          h('th', { class: 'variable', scope: 'row' }, h('a', { href: linkTo(v, v.variable) }, v.variable)),
          h('td', { class: 'kind' }, h('span', { class: 'state' }, h('span', { class: 'sign', 'aria-hidden': 'true' }, l.sign), ' ', l.word), v.muted ? h('small', null, ` ${mutedText(v.muted)}`) : null),
          h('td', { class: 'with-gauge' }, number(v.value, unit), g.el),
          h('td', { class: 'rule' }, `${v.sense === 'low' ? 'below' : 'above'} ${whole(number(v.level, unit))} for ${whole(number(v.period_s, 's'))}`),
          h('td', { class: 'narrow-out' }, when(v.since, false)));
      }));
      if (focused) body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    },
  };
}

/** @param {HTMLElement} main @param {import('./router.js').Place} place */
export function objectView(main, place) {
  const object = { class: place.cls, uuid: place.uuid, name_label: '' };
  const head = objectHead(object);
  const table = variablesTable(object);
  const p = plots(object, { span: place.query.get('span') || '10m', filter: true });
  main.append(head.el, table.el, p.el);
  let ended = false;

  let row = -1;
  async function variables() {
    try {
      const a = await ask('variables', { object: object.uuid ? objectOf(object) : 'host' });
      if (!ended) table.show(a.variables || []);
    } catch (e) {
      if (ended || !(e instanceof Refusal) || e.status >= 500) return;
      table.el.replaceChildren(h('p', { class: 'empty' }, `${e.message}. ${e.fix}`));
    }
  }
  function update() {
    head.update();
    const now = present.overview ? present.overview.row : 0;
    if (now !== row) {
      row = now;
      variables();
    }
  }
  update();
  const off = onPresent(update);
  return () => {
    ended = true;
    off();
    p.end();
  };
}
