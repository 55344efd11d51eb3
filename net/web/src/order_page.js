// What was bought: what this browser kept of it at once, then as the shop has it now.
import { useEffect, useState } from 'preact/hooks';
import { getOrder } from './api.js';
import { orders } from './cart.js';
import { money } from './money.js';
import { html, toast } from './parts.js';

const regions = new Intl.DisplayNames([navigator.language, 'en'], { type: 'region' });
const when = (time) => new Date(time).toLocaleString(navigator.language, { dateStyle: 'medium', timeStyle: 'short' });
const totalOf = ({ totals }) => money(totals.total.amount, totals.total.currency);

const kAskMs = 2000;
const kAskTimes = 15; // a payment is captured within moments

/** The order, and whether it is still to come. Asked again until it is completed. */
function useOrder(id, token) {
  const [state, set] = useState(() => ({ order: orders.find(id), asked: !token }));
  useEffect(() => {
    let ended = false;
    let timer;
    let times = 0;
    const ask = async () => {
      clearTimeout(timer);
      if (document.hidden || ended) return;
      let order;
      try {
        order = { ...(await getOrder(id, token)), view_token: token };
        orders.keep(order);
      } catch (error) {
        // What this browser kept is still true, if perhaps not new.
        if (!ended) set((was) => ({ ...was, asked: true, refused: error.status === 403 || error.status === 404 }));
      }
      if (ended) return;
      if (order) set({ order, asked: true });
      if (order?.status !== 'completed' && ++times < kAskTimes) timer = setTimeout(ask, kAskMs);
    };
    if (!token) return undefined;
    ask();
    document.addEventListener('visibilitychange', ask);
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [id, token]);
  return state;
}

const kPayment = { authorized: 'reserved', captured: 'paid', voided: 'cancelled' };
const kActions = { cancel: 'Cancel', pay: 'Pay', fulfill: 'Send', return: 'Return', refund: 'Refund' };
const kStatus = { confirmed: 'Confirmed', completed: 'Paid' };

export function OrderPage({ id, token: given }) {
  const token = given || orders.find(id)?.view_token || '';
  const { order, asked } = useOrder(id, token);
  if (!order && !asked) return html`<p class="muted loading" role="status">Loading…</p>`;
  if (!order)
    return html`<div class="empty"><h1>This order is not known here</h1><p>An order is seen in the browser it was placed in, or by its private link.</p><a class="button" href="#/">Back to the shop</a></div>`;
  const link = token && `${location.origin}${location.pathname}#/orders/${encodeURIComponent(order.id)}/${encodeURIComponent(token)}`;
  const copy = async (event) => {
    if (!navigator.clipboard) return;
    event.preventDefault();
    await navigator.clipboard.writeText(link).then(() => toast('The link is copied. Whoever has it sees this order.'), () => {});
  };
  const { totals, shipping_address: address } = order;
  const row = (name, amount) => amount?.amount !== 0 && amount && html`<div><dt>${name}</dt><dd>${money(amount.amount, amount.currency)}</dd></div>`;
  return html`<div class="thanks">
      <svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9" /><path d="m8 12.300 2.800 2.700L16.200 9.500" /></svg>
      <h1>Thank you, it is ordered</h1>
      <p class="muted">Placed ${when(order.created_at)} for ${order.customer.email}</p>
      <p>Order <code id="order-id">${order.id}</code> <span class="tag" id="order-status">${kStatus[order.status] || order.status}</span></p>
      ${order.allowed_actions?.length > 0 &&
      html`<p class="small" id="order-actions">Can be done now: ${order.allowed_actions.map(
        (action) => html`<span key=${action} class="tag">${kActions[action] || action}</span> `,
      )}</p>`}
      ${link && html`<p class="small"><a id="order-link" href=${link} onClick=${copy}>Private link to this order</a></p>`}
    </div>
    <div class="two">
      <ul class="lines" aria-label="Ordered">
        ${order.lines.map(
          (line) => html`<li key=${line.sku} class="line" data-sku=${line.sku}>
            <div class="line-text">
              <a href=${`#/p/${encodeURIComponent(line.product_id)}`}>${line.title}</a>
              <p class="muted small">${line.sku} · ${line.quantity} × ${money(line.unit_price.amount, line.unit_price.currency)}</p>
            </div>
            <p class="price">${money(line.total.amount, line.total.currency)}</p>
          </li>`,
        )}
      </ul>
      <div>
        <aside class="box" aria-label="Total">
          <dl class="totals">
            ${row('Subtotal', totals.subtotal)} ${row('Discount', totals.discount)} ${row('Tax', totals.tax)} ${row('Shipping', totals.shipping)}
            <div class="grand"><dt>Total</dt><dd id="order-total">${totalOf(order)}</dd></div>
            ${order.payments.map((payment) => html`<div key=${payment.id}><dt>Payment</dt><dd><span class="tag">${kPayment[payment.status] || payment.status}</span></dd></div>`)}
          </dl>
        </aside>
        ${address &&
        html`<aside class="box" aria-label="Ships to">
          <h2>Ships to</h2>
          <address>${address.name}<br />${address.line1}<br />${address.postal_code} ${address.city}<br />${regions.of(address.country)}</address>
        </aside>`}
      </div>
    </div>`;
}

export function OrdersPage() {
  const list = orders.list();
  if (list.length === 0)
    return html`<div class="empty"><h1>No orders yet</h1><p>Orders placed in this browser appear here.</p><a class="button primary" href="#/">Look around</a></div>`;
  return html`<h1>Orders</h1>
    <ul class="lines">
      ${list.map(
        (order) => html`<li key=${order.id} class="line">
          <div class="line-text">
            <a href=${`#/orders/${encodeURIComponent(order.id)}`}>${when(order.created_at)}</a>
            <p class="muted small">${order.lines.map((line) => `${line.quantity} × ${line.title}`).join(', ')}</p>
          </div>
          <p class="price">${totalOf(order)}</p>
        </li>`,
      )}
    </ul>`;
}
