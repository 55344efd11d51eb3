// A product, its variants, and what of it is there right now.
import { useEffect, useState } from 'preact/hooks';
import { getProduct } from './api.js';
import { cart } from './cart.js';
import { isTold, useFlash, useNews, watch } from './live.js';
import { money } from './money.js';
import { html, options, Picture, Quantity, safeUrl, Stars, Stock, toast } from './parts.js';

const kAskMs = 2000;
const kAskToldMs = 20_000; // what is not told: a description, another variant's stock

const free = (variant) => variant.available ?? 0;

/**
 * The product with its variants: asked for when something of it is told to have changed, when the
 * page is looked at again, and now and then. Most answers are 304 and cost nothing.
 */
function useProduct(id) {
  const [state, set] = useState({});
  useEffect(() => {
    let ended = false;
    let asking = false;
    let again = false;
    let etag;
    let timer;
    const ask = async () => {
      again = asking;
      if (asking || ended || document.hidden) return;
      asking = true;
      clearTimeout(timer);
      try {
        const answer = await getProduct(id, etag);
        if (ended) return;
        if (!answer.unchanged) {
          etag = answer.etag;
          set({ product: answer.body });
        } else {
          set((was) => (was.error ? { product: was.product } : was));
        }
      } catch (error) {
        if (ended) return;
        set((was) => (error.status === 404 ? { missing: true } : { ...was, error }));
      } finally {
        asking = false;
      }
      if (again) ask();
      else timer = setTimeout(ask, isTold() ? kAskToldMs : kAskMs);
    };
    set({});
    ask();
    const unwatch = watch(id, ask);
    document.addEventListener('visibilitychange', ask);
    window.addEventListener('focus', ask);
    return () => {
      ended = true;
      clearTimeout(timer);
      unwatch();
      document.removeEventListener('visibilitychange', ask);
      window.removeEventListener('focus', ask);
    };
  }, [id]);
  return state;
}

export function ProductPage({ id }) {
  const { product, error, missing } = useProduct(id);
  useEffect(() => {
    if (product) document.title = `${product.title} · Souk`;
  }, [product?.title]);
  if (missing)
    return html`<div class="empty"><h1>This product is not here</h1><p>It may have been taken out of the shop.</p><a class="button" href="#/">Back to the shop</a></div>`;
  if (!product && error) return html`<p class="notice bad" role="alert">${error.message}</p>`;
  if (!product) return html`<p class="muted loading" role="status">Loading…</p>`;
  return html`<${Product} key=${id} product=${product} error=${error} />`;
}

function Product({ product, error }) {
  const variants = product.variants;
  const [sku, choose] = useState((variants.find((each) => free(each) > 0) || variants[0]).sku);
  const [shown, show] = useState(null);
  const [failed, fail] = useState([]);
  const [wanted, want] = useState(1);
  const variant = variants.find((each) => each.sku === sku) || variants[0];
  const inCart = cart.lines().find((line) => line.sku === variant.sku)?.quantity || 0;
  const limit = Math.min(free(variant), variant.max_per_order || Infinity) - inCart;
  const quantity = Math.max(1, Math.min(wanted, limit));
  const images = (product.images || []).filter((url) => safeUrl(url) && !failed.includes(url));
  const picture = images.includes(shown) ? shown : images[0];
  const drop = (url) => fail((all) => [...all, url]);

  const priceFlash = useFlash(variant.price.amount, sku);
  const stockFlash = useFlash(free(variant), sku);
  useNews(`${product.title} ${options(variant)}`.trim(), variant.price, free(variant));

  const add = () => {
    cart.add(
      {
        sku: variant.sku,
        product_id: product.id,
        title: product.title,
        options: variant.options,
        price: variant.price,
        max_per_order: variant.max_per_order,
        images: (product.images || []).slice(0, 1),
        categories: (product.categories || []).slice(0, 1),
      },
      quantity,
    );
    want(1);
    toast('Added to the cart.', { href: '#/cart', text: 'Go to the cart' });
  };

  return html`<nav class="crumbs" aria-label="Breadcrumb">
      <a href="#/">Shop</a>
      ${(product.categories?.[0] || '').split(' > ').filter(Boolean).map((part) => html`<span key=${part} class="muted">${part}</span>`)}
    </nav>
    <div class="product">
      <div class="gallery">
        <${Picture} key=${picture} product=${product} url=${picture} large onFail=${() => drop(picture)} />
        ${images.length > 1 &&
        html`<ul class="thumbs" aria-label="Pictures">
          ${images.map(
            (url, i) => html`<li key=${url}>
              <button type="button" aria-label=${`Picture ${i + 1} of ${images.length}`} aria-pressed=${url === picture} onClick=${() => show(url)}>
                <${Picture} product=${product} url=${url} onFail=${() => drop(url)} />
              </button>
            </li>`,
          )}
        </ul>`}
      </div>
      <div class="product-text">
        <p class="card-brand">${product.brand}</p>
        <h1>${product.title}</h1>
        <${Stars} rating=${product.rating} count=${product.rating_count} />
        <p class=${`price big ${priceFlash ? 'flash' : ''}`} data-amount=${variant.price.amount}>${money(variant.price.amount, variant.price.currency)}</p>
        <${Options} variants=${variants} variant=${variant} choose=${choose} />
        <p class="live"><${Stock} available=${free(variant)} flash=${stockFlash} /><span class="muted small"> · live${error ? ', interrupted' : ''}</span></p>
        <div class="buy">
          <${Quantity} value=${quantity} max=${Math.max(1, limit)} label="Quantity" onChange=${want} />
          <button type="button" class="button primary" id="add" disabled=${limit < 1} onClick=${add}>
            ${free(variant) < 1 ? 'Sold out' : limit < 1 ? 'All of it is in your cart' : 'Add to cart'}
          </button>
        </div>
        ${variant.max_per_order > 0 && html`<p class="muted small">At most ${variant.max_per_order} in one order.</p>`}
        ${product.description && html`<h2>About it</h2><p class="description">${product.description}</p>`}
        <${Facts} product=${product} variant=${variant} />
      </div>
    </div>`;
}

/** One row of choices per option; what does not go with the other choices is marked. */
function Options({ variants, variant, choose }) {
  const names = [...new Set(variants.flatMap((each) => Object.keys(each.options || {})))];
  if (variants.length < 2) return null;
  if (names.length === 0)
    return html`<${Choice} legend="Article" chosen=${variant.sku} values=${variants.map((each) => ({ value: each.sku, variant: each }))} choose=${choose} />`;
  const same = (one, two) => names.filter((name) => one.options?.[name] === two.options?.[name]).length;
  return names.map((name) => {
    const values = [...new Set(variants.map((each) => each.options?.[name]).filter((value) => value !== undefined))].map((value) => {
      // Of those with this value the one that changes least, and rather one that is there.
      const [best] = variants
        .filter((each) => each.options?.[name] === value)
        .sort((one, two) => same(two, variant) - same(one, variant) || free(two) - free(one));
      return { value, variant: best };
    });
    return html`<${Choice} key=${name} legend=${name} chosen=${variant.options?.[name]} values=${values} choose=${choose} />`;
  });
}

function Choice({ legend, chosen, values, choose }) {
  return html`<fieldset class="choice">
    <legend>${legend}</legend>
    <div class="choice-row">
      ${values.map(
        ({ value, variant }) => html`<label key=${value} class=${free(variant) < 1 ? 'out' : ''}>
          <input type="radio" name=${`option-${legend}`} value=${value} checked=${value === chosen} onChange=${() => choose(variant.sku)} />
          <span>${value}${free(variant) < 1 && html`<span class="sr"> (sold out)</span>`}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}

function Facts({ product, variant }) {
  const text = (value) =>
    Array.isArray(value) ? value.join(', ') : value === true ? 'yes' : value === false ? 'no' : String(value);
  // "weight_g": 180 is shown as "weight: 180 g".
  const rows = Object.entries(product.attributes || {}).map(([name, value]) => {
    const [, stem, unit] = (typeof value === 'number' && /^(.+)_(g|kg|mm|cm|m|ml|l|w|wh|mah|hz|v|gb|tb)$/.exec(name)) || [];
    return [(stem || name).replaceAll('_', ' '), unit ? `${text(value)} ${unit}` : text(value)];
  });
  rows.push(['article', variant.sku]);
  return html`<h2>Details</h2>
    <dl class="facts">${rows.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
