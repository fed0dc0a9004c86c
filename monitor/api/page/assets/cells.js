// The cells of the tables of VMs and SRs.
import { h, text } from './dom.js';
import { bar } from './gauge.js';
import { flagsLook, linkTo, nameOf } from './words.js';

/** A name that leads to the object, with its state's sign before it. */
export const nameCell = (cls) => () => {
  const sign = h('span', { class: 'sign', role: 'img' });
  const name = h('span');
  const note = h('small');
  const a = h('a', { class: 'object-name' }, sign, name, note);
  return {
    el: a,
    update(o) {
      const l = flagsLook(o);
      a.href = linkTo({ class: cls, uuid: o.uuid });
      a.dataset.tone = l.tone;
      text(sign, l.sign);
      sign.setAttribute('aria-label', l.word);
      text(name, nameOf(o));
      text(note, o.maintenance ? o.maintenance : o.control_domain ? 'control domain' : '');
    },
  };
};

/** A number by itself. */
export const plainCell = (show) => () => {
  const el = h('span');
  return { el, update: (o) => text(el, show(o)) };
};

/** A share: a bar, and the number behind it. */
export const shareCell = (value, show) => () => {
  const b = bar();
  const n = h('span');
  return {
    el: h('span', { class: 'share' }, b.el, n),
    update(o) {
      b.update(value(o));
      text(n, show(o));
    },
  };
};
