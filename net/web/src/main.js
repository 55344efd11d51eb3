import './style.css';
import './search_box.css';
import { render } from 'preact';
import { cart } from './cart.js';
import { CartPage } from './cart_page.js';
import { CheckoutPage } from './checkout_page.js';
import { OrderPage, OrdersPage } from './order_page.js';
import { hideToast, html } from './parts.js';
import { ProductPage } from './product_page.js';
import { startSearch } from './search.js';

const shop = document.querySelector('#shop');
const page = document.querySelector('#page');

const part = (text) => {
  try {
    return decodeURIComponent(text || '');
  } catch {
    return '';
  }
};

/** The page a fragment names; nothing for the shop itself. */
function pageOf(hash) {
  const [, name, id, token] = hash.split('/');
  switch (name) {
    case 'p':
      return ['Product', html`<${ProductPage} id=${part(id)} />`];
    case 'cart':
      return ['Cart', html`<${CartPage} />`];
    case 'checkout':
      return ['Checkout', html`<${CheckoutPage} />`];
    case 'orders':
      return id ? ['Order', html`<${OrderPage} key=${id} id=${part(id)} token=${part(token)} />`] : ['Orders', html`<${OrdersPage} />`];
    default:
      return null;
  }
}

let shown;
let scrolled = 0;

function route(event) {
  const hash = location.hash.startsWith('#/') ? location.hash : '#/';
  // A link into the page itself, such as the one that skips the header.
  if (location.hash && !location.hash.startsWith('#/') && shown !== undefined) return;
  if (hash === shown) return;
  const found = pageOf(hash);
  if (!shop.hidden && found) scrolled = scrollY;
  shop.hidden = found !== null;
  page.hidden = found === null;
  render(found ? found[1] : null, page);
  document.title = found ? `${found[0]} · Souk` : 'Souk';
  scrollTo(0, found ? 0 : scrolled);
  if (event && shown !== undefined) document.querySelector('#main').focus({ preventScroll: true });
  if (shown !== undefined) hideToast();
  shown = hash;
}

function showCart() {
  const units = cart.units();
  const badge = document.querySelector('#cart-count');
  badge.hidden = units === 0;
  badge.textContent = String(units);
  document.querySelector('#cart-unit').textContent = units === 0 ? 'is empty' : units === 1 ? 'unit' : 'units';
}

const filters = document.querySelector('#filters');
const opener = document.querySelector('#filters-open');
function openFilters(open) {
  filters.classList.toggle('open', open);
  opener.setAttribute('aria-expanded', String(open));
}
opener.addEventListener('click', () => openFilters(!filters.classList.contains('open')));
document.querySelector('#filters-done').addEventListener('click', () => {
  openFilters(false);
  opener.focus();
  document.querySelector('#main').scrollIntoView();
});

// "/" goes to the search box, as in many shops.
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(input|textarea|select)$/i.test(document.activeElement?.tagName)) return;
  event.preventDefault();
  document.querySelector('#searchbox input').focus();
});

window.addEventListener('hashchange', route);
cart.onChange(showCart);
showCart();
route();
startSearch(() => {
  if (shop.hidden) {
    scrolled = 0;
    const focused = document.activeElement;
    location.hash = '#/';
    route();
    focused?.focus();
  }
});
