// What surrounds all views: the host's name, whether the line lives, the
// banner when it does not, the window's title and sign.
import { text } from './dom.js';
import { onPresent, onTransition, outage, present } from './live.js';
import { clockText, utcText } from './when.js';
import { kindLook, nameOf } from './words.js';

const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export function startFrame() {
  const pulse = by('pulse');
  const pulseText = /** @type {HTMLElement} */ (pulse.lastElementChild);
  const banner = by('banner');
  const icon = by('icon');
  const iconBase = document.body.dataset.icon;

  const update = () => {
    const { brief, overview, status } = present;
    const out = outage();
    const host = (overview && overview.host.name_label) || (status && status.host && status.host.name_label) || '';
    text(by('where'), host);
    const bad = brief ? brief.counts.critical + brief.counts.warning : 0;

    if (out) {
      pulse.dataset.state = 'away';
      text(pulseText, 'no data');
      banner.hidden = false;
      text(banner, `No data since ${out.since ? clockText(out.since) : 'the page was opened'}: ${out.why}.`);
      banner.title = utcText(out.since);
    } else if (brief) {
      pulse.dataset.state = brief.state === 'starting' ? 'waiting' : 'live';
      text(pulseText, brief.state === 'starting' ? 'starting' : clockText(brief.last_row));
      pulse.title = brief.last_row ? `newest row: ${utcText(brief.last_row)}` : '';
      const old = status && document.body.dataset.version && status.version !== document.body.dataset.version;
      banner.hidden = !old;
      if (old) text(banner, `The agent is ${status.version} now, this page is of ${document.body.dataset.version}: reload it.`);
    }
    document.documentElement.classList.toggle('stale', out !== null);
    document.title = `${bad ? `(${bad}) ` : ''}${host ? `${host} · ` : ''}perfmon`;
    const href = `${iconBase}${out ? '-away' : bad ? '-alarm' : ''}.svg`;
    if (icon.getAttribute('href') !== href) icon.setAttribute('href', href);
  };
  update();
  onPresent(update);
  onTransition((t) => text(by('announce'), `${nameOf(t)} ${t.variable}: ${kindLook(t).word}`));
}
