// For a screen on the wall: one host, big and dark, nothing to press. Escape
// leads back.
import { alarmList } from './alarms.js';
import { h, text } from './dom.js';
import { onPresent, outage, present } from './live.js';
import { hostTiles, seedTiles } from './tiles.js';
import { tallyText } from './view-now.js';
import { vmMap } from './vmmap.js';
import { clockText, hourMinute, nowSeconds } from './when.js';
import { forgetColours } from './colours.js';
import { nameOf } from './words.js';

const most = 6;

/** @param {HTMLElement} main */
export function wallView(main) {
  document.documentElement.classList.add('on-wall');
  forgetColours();
  const name = h('h1');
  const clock = h('span', { class: 'wall-clock' });
  const verdict = h('p', { class: 'wall-verdict', role: 'status' });
  const rest = h('p', { class: 'wall-rest' });
  const list = alarmList({ compact: true });
  const more = h('p', { class: 'wall-more' });
  const tiles = hostTiles();
  const map = vmMap();
  const mapLabel = h('p', { class: 'wall-label' });
  main.append(h('div', { class: 'wall' },
    h('div', { class: 'wall-head' }, name, clock), h('div', { class: 'wall-says' }, verdict, rest),
    h('div', { class: 'wall-alarms' }, list.el, more), tiles.el, h('div', null, mapLabel, map.el)));

  function update() {
    const { brief, overview, alarms } = present;
    seedTiles(overview, update);
    text(name, nameOf((overview && overview.host) || { name_label: '', uuid: 'perfmon' }));
    text(clock, hourMinute(nowSeconds()));
    const out = outage();
    const c = brief ? brief.counts : null;
    const bad = c ? c.critical + c.warning : 0;
    const tally = c ? tallyText(c).split(' · ') : [];
    const all = alarms || [];
    if (out) {
      verdict.dataset.tone = 'nodata';
      text(verdict, out.since ? `No data since ${clockText(out.since)}` : 'No data');
    } else if (!c) {
      verdict.dataset.tone = 'none';
      text(verdict, '…');
    } else if (bad) {
      verdict.dataset.tone = c.critical ? 'critical' : 'warning';
      text(verdict, tally[0]);
    } else if (c.nodata || c.pending) {
      verdict.dataset.tone = c.nodata ? 'nodata' : 'pending';
      text(verdict, tally[0]);
    } else {
      verdict.dataset.tone = c.variables ? 'fine' : 'none';
      text(verdict, c.variables ? 'Nothing fires' : 'No triggers');
    }
    text(rest, out ? '' : tally.slice(1).join(' · '));
    list.update(all.slice(0, most), overview ? overview.row : 0, overview ? overview.step_s : 0);
    text(more, all.length > most ? `and ${all.length - most} more` : '');
    tiles.update(overview);
    const vms = overview ? overview.vms || [] : [];
    map.update(vms);
    text(mapLabel, vms.length ? `${vms.length} VMs by CPU` : '');
  }
  const leave = (e) => {
    if (e.key === 'Escape') location.hash = '#/';
  };
  document.addEventListener('keydown', leave);
  update();
  const off = onPresent(update);
  return () => {
    off();
    document.removeEventListener('keydown', leave);
    document.documentElement.classList.remove('on-wall');
    forgetColours();
  };
}
