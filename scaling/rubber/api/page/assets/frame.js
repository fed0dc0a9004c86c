// What surrounds all views: whose rubber it is, whether the line lives, the
// banner when it does not, the window's title and sign.
import { text } from './dom.js';
import { at, onDecision, onPresent, outage, present } from './live.js';
import { troubles } from './trouble.js';
import { clockText, utcText } from './when.js';

const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export function startFrame() {
  const pulse = by('pulse');
  const pulseText = /** @type {HTMLElement} */ (pulse.lastElementChild);
  const banner = by('banner');
  const icon = by('icon');
  const iconBase = document.body.dataset.icon;

  const update = () => {
    const s = present.status;
    const out = outage();
    text(by('where'), s ? s.owner : '');
    const bad = s ? troubles(s).filter((t) => t.tone === 'critical').length : 0;
    if (out) {
      pulse.dataset.state = 'away';
      text(pulseText, 'no data');
      banner.hidden = false;
      text(banner, `Nothing is heard since ${out.since ? clockText(out.since) : 'the page was opened'}: ${out.why}.`);
      banner.title = utcText(out.since);
    } else if (s) {
      pulse.dataset.state = s.turns ? 'live' : 'waiting';
      text(pulseText, s.turns ? clockText(at(s.at)) : s.role);
      pulse.title = s.turns ? `last turn: ${utcText(at(s.at))}` : '';
      const old = document.body.dataset.version && s.version !== document.body.dataset.version;
      banner.hidden = !old;
      if (old) text(banner, `rubber is ${s.version} now, this page is of ${document.body.dataset.version}: reload it.`);
    }
    document.documentElement.classList.toggle('stale', out !== null);
    document.title = `${bad ? `(${bad}) ` : ''}${s ? `${s.owner} · ` : ''}rubber`;
    const href = `${iconBase}${out ? '-away' : bad ? '-alarm' : ''}.svg`;
    if (icon.getAttribute('href') !== href) icon.setAttribute('href', href);
  };
  update();
  onPresent(update);
  onDecision((d) => d.loud && text(by('announce'), d.text));
}
