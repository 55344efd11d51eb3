// The last step: where to, how to pay, and the order.
import { useRef, useState } from 'preact/hooks';
import { checkout, newKey } from './api.js';
import { cart, orders } from './cart.js';
import { sum, useCart } from './cart_page.js';
import { money } from './money.js';
import { html, options } from './parts.js';

const kAddress = [
  ['email', 'E-mail', 'email', 'email', 'wide', true],
  ['name', 'Name', 'text', 'name', 'wide', true],
  ['line1', 'Street and number', 'text', 'address-line1', 'wide', true],
  ['postal_code', 'Postal code', 'text', 'postal-code', 'third', true],
  ['city', 'City', 'text', 'address-level2', 'two-thirds', true],
];
const kCountries = 'AT BE CH CZ DE DK ES FI FR GB GR HU IE IT JP LU NL NO PL PT SE US'.split(' ');
const kPayments = [
  ['tok_ok', 'Test card', 'Is accepted'],
  ['tok_slow', 'Slow bank', 'Is accepted after a while'],
  ['tok_declined', 'Declined card', 'Is refused by the bank'],
  ['tok_insufficient_funds', 'Empty account', 'Is refused for want of money'],
];

const regions = new Intl.DisplayNames([navigator.language, 'en'], { type: 'region' });

/**
 * One key per order. It is kept while nobody knows what became of the order, so that asking again
 * cannot buy twice; whatever the shopper changes makes it another order.
 */
function keyFor(order, held) {
  const text = JSON.stringify(order);
  return held && held.text === text ? held : { text, key: newKey() };
}

const explain = (error) =>
  ({
    insufficient_stock: 'Somebody was faster: not all of it is left.',
    price_changed: 'A price changed in the meantime. Your cart shows the new one.',
    payment_declined: 'The bank declined this payment. Nothing was charged; choose another way to pay.',
    insufficient_funds: 'There is not enough money on this account. Nothing was charged; choose another way to pay.',
  })[error.code] || error.message;

export function CheckoutPage() {
  const lines = useCart();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const held = useRef(null);
  const alert = useRef(null);

  if (lines.length === 0 && !busy)
    return html`<div class="empty"><h1>There is nothing to check out</h1><a class="button primary" href="#/">Look around</a></div>`;

  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const given = (name) => String(form.get(name) || '').trim();
    const order = {
      lines: lines.map(({ sku, quantity, price }) => ({ sku, quantity, price })),
      customer: { email: given('email') },
      shipping_address: {
        name: given('name'),
        line1: given('line1'),
        postal_code: given('postal_code'),
        city: given('city'),
        country: given('country'),
      },
      payment: { provider: 'test', token: given('payment') },
    };
    setBusy(true);
    setError(null);
    held.current = keyFor(order, held.current);
    try {
      const placed = await checkout(order, held.current.key);
      held.current = null;
      orders.keep(placed);
      location.hash = `#/orders/${encodeURIComponent(placed.id)}`;
      cart.clear();
    } catch (failed) {
      if (!failed.open) held.current = null;
      setError(failed);
      setBusy(false);
      requestAnimationFrame(() => alert.current?.focus());
    }
  };

  const currency = lines[0]?.price.currency || 'EUR';
  return html`<h1>Checkout</h1>
    <form class="two" onSubmit=${submit}>
      <div class="form">
        ${error &&
        html`<div class="notice bad" role="alert" tabindex="-1" ref=${alert} id="checkout-error">
          <p>${explain(error)}</p>
          ${(error.errors || []).length > 0 &&
          html`<ul>
            ${error.errors.map((item) => html`<li key=${item.param}><${Fault} item=${item} lines=${lines} /></li>`)}
          </ul>`}
          ${error.open && html`<p>It is safe to try again: the order is placed at most once.</p>`}
        </div>`}
        <fieldset class="box">
          <legend>Where shall it go?</legend>
          <div class="fields">
            ${kAddress.map(
              ([name, label, type, autocomplete, width, required]) => html`<label key=${name} class=${`field ${width}`}>
                <span>${label}</span>
                <input name=${name} type=${type} autocomplete=${autocomplete} required=${required} maxlength="200" />
              </label>`,
            )}
            <label class="field wide">
              <span>Country</span>
              <select name="country" autocomplete="country" required>
                ${kCountries.map((code) => html`<option key=${code} value=${code} selected=${code === 'DE'}>${regions.of(code)}</option>`)}
              </select>
            </label>
          </div>
        </fieldset>
        <fieldset class="box">
          <legend>How will you pay?</legend>
          <p class="muted small">These are test payments: nothing is charged.</p>
          <div class="payments">
            ${kPayments.map(
              ([token, name, what], i) => html`<label key=${token} class="payment">
                <input type="radio" name="payment" value=${token} defaultChecked=${i === 0} />
                <span><strong>${name}</strong><span class="muted small">${what}</span></span>
              </label>`,
            )}
          </div>
        </fieldset>
      </div>
      <aside class="box" aria-label="Your order">
        <ul class="short-lines">
          ${lines.map(
            (line) => html`<li key=${line.sku}>
              <span>${line.quantity} × ${line.title}<span class="muted small block">${options(line)}</span></span>
              <span class="nowrap">${money(line.price.amount * line.quantity, line.price.currency)}</span>
            </li>`,
          )}
        </ul>
        <dl class="totals">
          <div class="grand"><dt>Total</dt><dd>${money(sum(lines), currency)}</dd></div>
        </dl>
        <button class="button primary wide" id="place-order" disabled=${busy} aria-busy=${busy}>${busy ? 'Placing your order…' : 'Buy now'}</button>
        <a class="button quiet wide" href="#/cart">Back to the cart</a>
      </aside>
    </form>`;
}

function Fault({ item, lines }) {
  const line = lines.find((each) => each.sku === item.sku);
  const title = line ? line.title : item.sku || item.param;
  if (item.code === 'insufficient_stock' && item.available !== undefined)
    return html`${title}: ${item.available < 1 ? 'sold out' : `${item.available} left`}, you want ${item.requested ?? line?.quantity}.`;
  return html`${title}: ${(item.detail || item.code || '').replaceAll('_', ' ')}`;
}
