// Dark or light: as the system has it, until the reader chooses. This one is
// no module, so that it has run before anything is painted.
(() => {
  const key = 'perfmon-theme';
  const order = ['auto', 'dark', 'light'];
  const root = document.documentElement;

  const saved = () => {
    try {
      const v = localStorage.getItem(key);
      return order.includes(v) ? v : 'auto';
    } catch {
      return 'auto'; // storage may be forbidden
    }
  };
  const apply = (v) => {
    root.dataset.theme = v;
    root.dispatchEvent(new Event('themechange'));
  };
  apply(saved());

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(root.dataset.theme));
  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    const label = () => {
      const now = root.dataset.theme;
      const next = order[(order.indexOf(now) + 1) % order.length];
      button.textContent = { auto: '◐ auto', dark: '● dark', light: '○ light' }[now];
      button.setAttribute('aria-label', `Colours: ${now}. Switch to ${next}.`);
    };
    label();
    button.addEventListener('click', () => {
      const next = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
      try {
        localStorage.setItem(key, next);
      } catch { /* it lasts as long as the page then */ }
      apply(next);
      label();
    });
  });
})();
