// The cart, held against what the shop has right now.
import { useEffect, useState } from 'preact/hooks';
import { getProduct } from './api.js';
import { cart } from './cart.js';
import { isTold, useFlash, useNews, watch } from './live.js';
import { money } from './money.js';
import { html, options, Picture, Quantity, Stock } from './parts.js';

export function useCart() {
  const [, redraw] = useState(0);
  useEffect(() => cart.onChange(() => redraw((n) => n + 1)), []);
  return cart.lines();
}

const kAskMs = 3000;
const kAskToldMs = 20_000;

/** Live variants of the cart's lines by SKU; null for what is gone. */
export function useVariants(lines) {
  const [variants, set] = useState(new Map());
  const ids = [...new Set(lines.map((line) => line.product_id))].sort().join('\n');
  useEffect(() => {
    let ended = false;
    let timer;
    const list = ids ? ids.split('\n') : [];
    const ask = async (some) => {
      const found = new Map();
      await Promise.all(
        some.map(async (id) => {
          try {
            const { body } = await getProduct(id);
            found.set(id, body.variants);
          } catch (error) {
            if (error.status === 404) found.set(id, []);
          }
        }),
      );
      if (ended || found.size === 0) return;
      set((was) => {
        const next = new Map(was);
        for (const { product_id: id, sku } of cart.lines())
          if (found.has(id)) next.set(sku, found.get(id).find((variant) => variant.sku === sku) || null);
        return next;
      });
    };
    const askAll = () => {
      clearTimeout(timer);
      if (!document.hidden) ask(list);
      timer = setTimeout(askAll, isTold() ? kAskToldMs : kAskMs);
    };
    askAll();
    const unwatch = list.map((id) => watch(id, () => ask([id])));
    document.addEventListener('visibilitychange', askAll);
    window.addEventListener('focus', askAll);
    return () => {
      ended = true;
      clearTimeout(timer);
      unwatch.forEach((end) => end());
      document.removeEventListener('visibilitychange', askAll);
      window.removeEventListener('focus', askAll);
    };
  }, [ids]);
  return variants;
}

export const sum = (lines) => lines.reduce((total, line) => total + line.price.amount * line.quantity, 0);

/** What stands in the way of buying a line; nothing if it can be bought. */
export function obstacle(line, variant) {
  if (variant === null) return 'No longer in the shop.';
  if (!variant) return '';
  if (variant.available < 1) return 'Remove it to go on.';
  if (variant.available < line.quantity) return `Only ${variant.available} left.`;
  return '';
}

export function CartPage() {
  const lines = useCart();
  const variants = useVariants(lines);

  // The cart shows what would be paid now, and says that it changed.
  const [was, remember] = useState({});
  useEffect(() => {
    lines.forEach((line) => {
      const now = variants.get(line.sku);
      if (now && now.price.amount !== line.price.amount) {
        remember((all) => ({ ...all, [line.sku]: line.price }));
        cart.set(line.sku, { price: now.price });
      }
    });
  }, [variants]);

  if (lines.length === 0)
    return html`<div class="empty"><h1>Your cart is empty</h1><p>What you add to it stays in this browser.</p><a class="button primary" href="#/">Look around</a></div>`;
  const blocked = lines.some((line) => obstacle(line, variants.get(line.sku)));
  const currency = lines[0].price.currency;
  return html`<h1>Cart</h1>
    <div class="two">
      <ul class="lines">
        ${lines.map((line) => html`<${Line} key=${line.sku} line=${line} variant=${variants.get(line.sku)} was=${was[line.sku]} />`)}
      </ul>
      <aside class="box" aria-label="Total">
        <dl class="totals">
          <div><dt>${cart.units()} ${cart.units() === 1 ? 'unit' : 'units'}</dt><dd>${money(sum(lines), currency)}</dd></div>
          <div><dt>Shipping</dt><dd>free</dd></div>
          <div class="grand"><dt>Total</dt><dd id="cart-total">${money(sum(lines), currency)}</dd></div>
        </dl>
        ${blocked && html`<p class="notice bad" role="alert">Change what is marked before you go on.</p>`}
        <a class=${`button primary wide ${blocked ? 'disabled' : ''}`} href=${blocked ? undefined : '#/checkout'} aria-disabled=${blocked} role="link">Checkout</a>
        <a class="button quiet wide" href="#/">Go on shopping</a>
      </aside>
    </div>`;
}

function Line({ line, variant, was }) {
  const trouble = obstacle(line, variant);
  const most = Math.min(variant?.available ?? 999, line.max_per_order || Infinity);
  const stockFlash = useFlash(variant?.available, variant === undefined);
  useNews(line.title, line.price, variant?.available);
  return html`<li class=${`line ${trouble ? 'troubled' : ''}`} data-sku=${line.sku}>
    <a class="line-picture" href=${`#/p/${encodeURIComponent(line.product_id)}`} aria-hidden="true" tabindex="-1"><${Picture} product=${line} /></a>
    <div class="line-text">
      <a href=${`#/p/${encodeURIComponent(line.product_id)}`}>${line.title}</a>
      <p class="muted small">${options(line) || line.sku}</p>
      ${variant && html`<${Stock} available=${variant.available} flash=${stockFlash} />`}
      ${trouble && html`<p class="bad-text small">${trouble}</p>`}
      ${was && was.amount !== line.price.amount && html`<p class="few-text small">The price changed from ${money(was.amount, was.currency)}.</p>`}
    </div>
    <div class="line-end">
      <p class="price">${money(line.price.amount * line.quantity, line.price.currency)}</p>
      <${Quantity} value=${line.quantity} max=${Math.max(1, most)} label=${`Quantity of ${line.title}`} onChange=${(quantity) => cart.set(line.sku, { quantity })} />
      <button type="button" class="link" aria-label=${`Remove ${line.title}`} onClick=${() => cart.remove(line.sku)}>Remove</button>
    </div>
  </li>`;
}
