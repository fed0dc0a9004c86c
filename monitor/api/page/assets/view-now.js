// The first view: what is wrong, how the host does, and what runs on it.
import { alarmList } from './alarms.js';
import { h, text } from './dom.js';
import { onPresent, outage, present } from './live.js';
import { srTable, vmTable } from './tables.js';
import { hostTiles, seedTiles } from './tiles.js';
import { measures, vmMap } from './vmmap.js';

/** @param {HTMLElement} main */
export function nowView(main) {
  const list = alarmList();
  const calm = calmNote();
  const tally = h('span', { class: 'tally' });
  const tiles = hostTiles();
  const map = vmMap();
  const vms = vmTable();
  const srs = srTable();
  let measure = 'cpu';
  const choose = h('select', {
    'aria-label': 'What the fields of the map show',
    onchange() { measure = choose.value; update(); },
  }, ...Object.entries(measures).map(([id, [label]]) => h('option', { value: id }, label)));
  const vmSection = h('section', { 'aria-labelledby': 'h-vms' },
    h('div', { class: 'head' }, h('h2', { id: 'h-vms' }, 'VMs'), h('label', { class: 'by' }, 'map by ', choose)),
    map.el, vms.el);
  const srSection = h('section', { 'aria-labelledby': 'h-srs' }, h('h2', { id: 'h-srs' }, 'Storage'), srs.el);

  main.append(
    h('h1', { class: 'unseen' }, 'Now'),
    h('section', { class: 'alarm-section', 'aria-labelledby': 'h-alarms' }, h('div', { class: 'head' }, h('h2', { id: 'h-alarms' }, 'Alarms'), tally), list.el, calm.el),
    tiles.el, vmSection, srSection);

  function update() {
    const { overview, alarms, brief } = present;
    seedTiles(overview, update);
    tiles.update(overview);
    list.update(alarms || [], overview ? overview.row : 0, overview ? overview.step_s : 0);
    calm.update();
    text(tally, brief ? tallyText(brief.counts) : '');
    const v = overview ? overview.vms || [] : [];
    const r = overview ? overview.srs || [] : [];
    map.update(v, measure);
    vms.update(v);
    srs.update(r);
    vmSection.hidden = v.length === 0;
    srSection.hidden = r.length === 0;
  }
  update();
  return onPresent(update);
}

/** "2 critical · 1 pending" */
export function tallyText(c) {
  const parts = [[c.critical, 'critical'], [c.warning, 'warning'], [c.nodata, 'without data'], [c.pending, 'pending'], [c.muted, 'muted']];
  return parts.filter(([n]) => n).map(([n, word]) => `${n} ${word}`).join(' · ');
}

/** What stands in the place of alarms while there are none. */
export function calmNote() {
  const headline = h('b');
  const more = h('span');
  const code = h('code');
  const el = h('p', { class: 'calm', hidden: true }, headline, ' ', more, ' ', code);
  return {
    el,
    update() {
      const { brief, alarms } = present;
      el.hidden = !brief || !alarms || alarms.length > 0 || outage() !== null;
      if (el.hidden) return;
      const c = brief.counts;
      const watched = c.variables > 0;
      el.dataset.tone = watched && brief.state === 'running' ? 'fine' : 'none';
      text(code, '');
      if (brief.state === 'starting') {
        text(headline, 'Starting.');
        text(more, 'The first rows are being fetched.');
      } else if (!watched) {
        text(headline, 'No triggers:');
        text(more, 'nothing is watched yet. How to begin is said by');
        text(code, 'perfmonctl explain host');
      } else {
        text(headline, 'Nothing fires.');
        text(more, `${c.variables} ${c.variables === 1 ? 'variable is' : 'variables are'} watched on ${c.objects} ${c.objects === 1 ? 'object' : 'objects'}.`);
        if (c.config_errors) text(code, `${c.config_errors} mistakes in trigger documents: perfmonctl config`);
      }
    },
  };
}
