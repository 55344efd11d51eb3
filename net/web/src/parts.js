// Pieces that several pages are made of. Text goes through Preact, which escapes it.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';

export { html };

// A drawing for a product whose picture is not there (yet): by what its category says.
const drawings = [
  [/\bphone|smartphone|mobile|tablet/i, 'M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM11 18h2'],
  [/laptop|computer|monitor|tv/i, 'M5 5h14v10H5zM3 19h18M9.5 15l-.5 4M14.5 15l.5 4'],
  [/headphone|audio/i, 'M5 14v-2a7 7 0 0 1 14 0v2M5 14h2.5v5H6a1 1 0 0 1-1-1v-4ZM19 14h-2.5v5H18a1 1 0 0 0 1-1v-4Z'],
  [/speaker/i, 'M7 3h10v18H7zM12 10.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM12 6.5h.01'],
  [/camera/i, 'M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 10a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.400Z'],
  [/print|toner|ink/i, 'M7 9V4h10v5M5 9h14v7h-2.500M7.5 14h9v6h-9zM5 9v7h2.5'],
  [/electronic/i, 'M8 8h8v8H8zM10 4v4M14 4v4M10 16v4M14 16v4M4 10h4M4 14h4M16 10h4M16 14h4'],
  [/shoe|sneaker|boot|sandal|running/i, 'M3 17V9c1.5 1 3.5 1 4.5-.500l4.5 4.500c2.5.5 8 .5 9 4zM3 17h18v2H3z'],
  [/backpack|bag|luggage/i, 'M6 10a6 6 0 0 1 12 0v10H6zM9.5 6.500V5a2.5 2.5 0 0 1 5 0v1.500M9 14h6v3H9z'],
  [/ring|jewel/i, 'M12 9a6 6 0 1 0 0 12 6 6 0 0 0 0-12ZM9.5 3h5l1.5 2.500L12 9 8 5.500z'],
  [/watch/i, 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM9 7.5 9.5 3h5l.5 4.500M9 16.500l.5 4.500h5l.5-4.500M12 10v2l1.5 1'],
  [/cloth|shirt|dress|jacket|top|wear|knit/i, 'M8.5 4 4 6.5 5.5 11 8 10v10h8V10l2.5 1L20 6.5 15.5 4a3.5 3.5 0 0 1-7 0Z'],
  [/light|lamp/i, 'M9 4h6l3 9H6zM12 13v6M8.5 20h7'],
  [/bed|sofa|furniture|home/i, 'M4 18v-8M20 18v-5a3 3 0 0 0-3-3H10v5M4 15h16M6.8 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2'],
  [/coffee|kitchen|cook/i, 'M5 8h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 9.500h1.500a2.250 2.250 0 0 1 0 4.500H16M8 5V3.500M12 5V3.500M5 20.500h11'],
  [/beauty|skin|fragrance|cosmetic/i, 'M8 10h8v10H8zM10 10V6h4v4M11 6V3.500h3'],
  [/sport|fitness|gym/i, 'M4 9v6M7 7v10M17 7v10M20 9v6M7 12h10'],
  [/camp|tent|outdoor/i, 'M12 5 3.5 19h17zM12 12l-3.5 7M12 12l3.5 7M12 5l1.2-1.5'],
  [/cycl|bike/i, 'M6.5 12.500a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM17.5 12.500a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM6.5 16 10 8.500h5l2.5 7.500M10 8.500l3 7.500h-6.500M14 6h2.5'],
  [/toy|game|build/i, 'M4 11h16v8H4zM6.5 11V8h3.500v3M14 11V8h3.500v3'],
  [/garden|tool|plant/i, 'M12 20v-8M12 12c0-4-2.5-6-6.5-6 0 4 2.5 6 6.5 6ZM12 14c0-3.5 2.5-5.5 6.5-5.5 0 3.5-2.5 5.5-6.5 5.500Z'],
  [/book/i, 'M5 4.500h6a2 2 0 0 1 1 .5 2 2 0 0 1 1-.500h6V18h-6a1.5 1.5 0 0 0-1 .5 1.5 1.5 0 0 0-1-.500H5zM12 5v13.5'],
  [/./, 'M5 9h14l-1.2 11H6.200zM9 11V7.500a3 3 0 0 1 6 0V11'],
];

const hash = (text) => [...text].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) >>> 0, 7);

/** Only what a browser may load as a picture. */
export const safeUrl = (url) => (/^https:\/\/|^\/(?!\/)/.test(url || '') ? url : null);

export function Picture({ product, url = (product.images || [])[0], large = false, onFail }) {
  const [state, set] = useState('waiting');
  const source = safeUrl(url);
  const about = (product.categories || [])[0] || product.title || 'x';
  const [, drawing] = drawings.find(([words]) => words.test(about)) || drawings[drawings.length - 1];
  return html`<div class=${`picture hue-${hash(about.split(' > ')[0]) % 8} ${large ? 'large' : ''}`}>
    <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${drawing} /></svg>
    ${source &&
    state !== 'failed' &&
    html`<img
      src=${source}
      alt=""
      loading="lazy"
      decoding="async"
      class=${state}
      onLoad=${() => set('shown')}
      onError=${() => {
        set('failed');
        onFail?.();
      }}
    />`}
  </div>`;
}

export function Stars({ rating, count }) {
  if (!(rating > 0) || count === 0) return null;
  const text = `Rated ${rating} of 5${count ? ` by ${count}` : ''}`;
  return html`<div class="stars">
    <span class="stars-row" role="img" aria-label=${text}>
      ${[1, 2, 3, 4, 5].map(
        (n) => html`<svg key=${n} viewBox="0 0 24 24" aria-hidden="true" class=${rating >= n - 0.25 ? 'full' : rating >= n - 0.75 ? 'half' : ''}>
          <path class="outline" d="m12 3 2.7 6 6.5.7-4.9 4.4 1.4 6.4-5.7-3.3-5.7 3.3 1.4-6.400L2.8 9.7 9.3 9z" />
          <path class="fill" d="m12 3 2.7 6 6.5.7-4.9 4.4 1.4 6.4-5.7-3.3-5.7 3.3 1.4-6.400L2.8 9.7 9.3 9z" />
        </svg>`,
      )}
    </span>
    <span class="stars-text" aria-hidden="true">${rating}${count ? html` <span class="muted">(${short(count)})</span>` : ''}</span>
  </div>`;
}

const short = (count) => (count < 1000 ? String(count) : `${(count / 1000).toFixed(count < 10000 ? 1 : 0)}k`);

const kFew = 5;

/** "In stock", "Only 3 left", "Sold out". */
export function Stock({ available, flash = false }) {
  const [kind, text] =
    available <= 0
      ? ['out', 'Sold out']
      : available <= kFew
        ? ['few', `Only ${available} left`]
        : ['in', `${available} in stock`];
  return html`<span class=${`stock ${kind} ${flash ? 'flash' : ''}`} data-available=${available}><span class="dot" aria-hidden="true"></span>${text}</span>`;
}

export function Quantity({ value, max, label, onChange }) {
  const set = (next) => onChange(Math.max(1, Math.min(max, next)));
  return html`<div class="quantity" role="group" aria-label=${label}>
    <button type="button" aria-label="One less" disabled=${value <= 1} onClick=${() => set(value - 1)}>−</button>
    <output aria-live="polite">${value}</output>
    <button type="button" aria-label="One more" disabled=${value >= max} onClick=${() => set(value + 1)}>+</button>
  </div>`;
}

export const options = (variant) =>
  Object.entries(variant.options || {})
    .map(([, value]) => value)
    .join(' · ');

let toastTimer;
export function toast(text, link) {
  const place = document.querySelector('#toast');
  place.replaceChildren(document.createTextNode(text));
  if (link) {
    const a = document.createElement('a');
    a.href = link.href;
    a.textContent = link.text;
    place.append(' ', a);
  }
  place.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, 4000);
}

export const hideToast = () => document.querySelector('#toast').classList.remove('shown');
