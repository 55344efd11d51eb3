// One product among those found.
import { useFlash, useLive, useNews } from './live.js';
import { money } from './money.js';
import { html, Picture, Stars, Stock } from './parts.js';

export function Hit({ hit, Highlight }) {
  const live = useLive(hit.id);
  const gone = live?.gone === true;
  const price = live?.price ?? { amount: hit.price, currency: hit.currency };
  const available = gone ? 0 : (live?.availability?.available ?? hit.available);
  const prices = new Set((hit.variants || []).map((variant) => variant.price));
  const dearer = price.amount > hit.price;
  const cheaper = price.amount < hit.price;
  const priceFlash = useFlash(price.amount);
  const stockFlash = useFlash(available);
  useNews(hit.title, price, available);
  return html`<article class=${`card ${available > 0 ? '' : 'sold-out'}`} data-id=${hit.id}>
    <${Picture} product=${hit} />
    <div class="card-body">
      <p class="card-brand">${hit.brand || '\u00a0'}</p>
      <h2 class="card-title"><a href=${`#/p/${encodeURIComponent(hit.id)}`}><${Highlight} hit=${hit} attribute="title" /></a></h2>
      <${Stars} rating=${hit.rating} count=${hit.rating_count} />
      <div class="card-foot">
        <p class=${`price ${priceFlash ? 'flash' : ''}`} data-amount=${price.amount}>
          ${prices.size > 1 && html`<span class="muted small">from </span>`}${money(price.amount, price.currency)}
          ${cheaper && html`<span class="was cheaper small"><span class="sr"> was </span><s>${money(hit.price, hit.currency)}</s></span>`}
          ${dearer && html`<span class="was small"> was ${money(hit.price, hit.currency)}</span>`}
        </p>
        <${Stock} available=${available} flash=${stockFlash} />
      </div>
    </div>
  </article>`;
}
