// One product among those found.
import { useLive } from './live.js';
import { money } from './money.js';
import { html, Picture, Stars, Stock } from './parts.js';

export function Hit({ hit, Highlight }) {
  const live = useLive(hit.id);
  const gone = live?.gone === true;
  const price = live?.price ?? { amount: hit.price, currency: hit.currency };
  const available = gone ? 0 : (live?.availability?.available ?? hit.available);
  const prices = new Set((hit.variants || []).map((variant) => variant.price));
  const changed = live?.price && live.price.amount !== hit.price;
  return html`<article class=${`card ${available > 0 ? '' : 'sold-out'}`} data-id=${hit.id}>
    <${Picture} product=${hit} />
    <div class="card-body">
      <p class="card-brand">${hit.brand || '\u00a0'}</p>
      <h2 class="card-title"><a href=${`#/p/${encodeURIComponent(hit.id)}`}><${Highlight} hit=${hit} attribute="title" /></a></h2>
      <${Stars} rating=${hit.rating} count=${hit.rating_count} />
      <div class="card-foot">
        <p class=${`price ${changed ? 'changed' : ''}`} data-amount=${price.amount}>
          ${prices.size > 1 && html`<span class="muted small">from </span>`}${money(price.amount, price.currency)}
        </p>
        <${Stock} available=${available} />
      </div>
    </div>
  </article>`;
}
