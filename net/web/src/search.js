// The shop: InstantSearch's widgets over the Typesense routes.
import instantsearch from 'instantsearch.js/es';
import { connectRange, connectSearchBox } from 'instantsearch.js/es/connectors';
import { history } from 'instantsearch.js/es/lib/routers';
import {
  clearRefinements,
  configure,
  currentRefinements,
  hits,
  pagination,
  ratingMenu,
  refinementList,
  sortBy,
  stats,
  toggleRefinement,
} from 'instantsearch.js/es/widgets';
import { render } from 'preact';
import TypesenseInstantsearchAdapter from 'typesense-instantsearch-adapter';
import { countQuery, key, kSearched } from './api.js';
import { Hit } from './hit.js';
import { roundMoney } from './money.js';
import { html } from './parts.js';
import { PriceRange } from './price_range.js';
import { SearchBox } from './search_box.js';
import { exactly, showSpelling, watchSpelling } from './spelling.js';

const kIndex = 'products';

const port = Number(location.port) || (location.protocol === 'https:' ? 443 : 80);
const adapter = new TypesenseInstantsearchAdapter({
  server: {
    apiKey: key,
    nodes: [{ host: location.hostname, port, protocol: location.protocol.slice(0, -1), path: '' }],
    // Stock and prices change: an answer from before is worth nothing.
    cacheSearchResultsForSeconds: 0,
    connectionTimeoutSeconds: 5,
    numRetries: 1,
  },
  additionalSearchParameters: {
    query_by: kSearched,
    enable_analytics: false,
    highlight_full_fields: 'title',
    snippet_threshold: 60,
    exclude_fields: 'attributes,tags',
  },
  facetableFieldsWithSpecialCharacters: ['brand', 'categories', 'in_stock', 'price', 'rating'],
});

watchSpelling(adapter.typesenseClient);

let currency = 'EUR';
export const formatPrice = (amount) => roundMoney(amount, currency);

const number = (n) => n.toLocaleString();
const on = (selector) => document.querySelector(selector);

/** Starts the widgets. `visible()` says whether the shop is in view. */
export function startSearch(show) {
  const search = instantsearch({
    indexName: kIndex,
    searchClient: adapter.searchClient,
    future: { preserveSharedStateOnUnmount: true },
    routing: {
      router: history({
        writeDelay: 300,
        cleanUrlOnDispose: false,
        // What is looked for stands in the query, what is looked at in the fragment.
        createURL({ qsModule, routeState }) {
          const query = qsModule.stringify(routeState, { indices: false, encodeValuesOnly: true });
          return `${location.origin}${location.pathname}${query ? `?${query}` : ''}${location.hash}`;
        },
        parseURL: ({ qsModule }) => qsModule.parse(location.search.slice(1), { arrayLimit: 99 }),
      }),
      stateMapping: { stateToRoute, routeToState },
    },
  });

  search.addWidgets([
    configure({ hitsPerPage: 24, maxValuesPerFacet: 60 }),
    exactly(),
    box({ container: on('#searchbox'), show, choose: (state) => choose(search, state, show) }),
    stats({
      container: '#stats',
      templates: {
        text: ({ nbHits, processingTimeMS }, { html: h }) => h`
          <strong>${number(nbHits)}</strong> ${nbHits === 1 ? 'product' : 'products'}
          <span class="muted"> · found in <span class="took">${processingTimeMS < 1 ? '<1' : processingTimeMS} ms</span></span>`,
      },
    }),
    sortBy({
      container: '#sort',
      items: [
        { value: kIndex, label: 'Best match' },
        { value: `${kIndex}/sort/popularity:desc`, label: 'Most popular' },
        { value: `${kIndex}/sort/price:asc`, label: 'Price, low to high' },
        { value: `${kIndex}/sort/price:desc`, label: 'Price, high to low' },
        { value: `${kIndex}/sort/rating:desc`, label: 'Best rated' },
      ],
    }),
    toggleRefinement({
      container: '#in-stock',
      attribute: 'in_stock',
      on: true,
      templates: {
        labelText: ({ onFacetValue }, { html: h }) => h`
          <span class="switch-text">In stock only</span>
          <span class="count">${onFacetValue.count ? number(onFacetValue.count) : ''}</span>`,
      },
    }),
    refinementList({
      container: '#categories',
      attribute: 'categories',
      limit: 8,
      showMore: true,
      showMoreLimit: 40,
      sortBy: ['isRefined', 'count:desc', 'name:asc'],
      templates: facetTemplates('categories'),
    }),
    refinementList({
      container: '#brands',
      attribute: 'brand',
      limit: 8,
      showMore: true,
      showMoreLimit: 40,
      searchable: true,
      searchablePlaceholder: 'Find a brand',
      sortBy: ['isRefined', 'count:desc', 'name:asc'],
      templates: facetTemplates('brands'),
    }),
    price({ attribute: 'price', container: on('#price') }),
    ratingMenu({
      container: '#rating',
      attribute: 'rating',
      templates: { item: ratingItem },
    }),
    currentRefinements({ container: '#current', transformItems: (items) => nameRefinements(items, search) }),
    clearRefinements({ container: '#clear', templates: { resetLabel: () => 'Clear all' } }),
    hits({
      container: '#hits',
      transformItems(items) {
        if (items.length > 0) currency = items[0].currency || currency;
        return items;
      },
      templates: {
        item: (hit, { components }) => html`<${Hit} hit=${hit} Highlight=${components.Highlight} />`,
        empty: ({ query }, { html: h }) => h`
          <div class="empty">
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20M8 10.500h5" /></svg>
            <h2>Nothing found${query ? h` for “${query}”` : ''}</h2>
            <p>Try fewer or other words, or take a filter off.</p>
          </div>`,
      },
    }),
    pagination({ container: '#pages', padding: 2, scrollTo: '#main', showFirst: false, showLast: false }),
  ]);

  const trouble = on('#trouble');
  search.on('error', () => {
    trouble.textContent = 'The search does not answer right now. What you see may be old.';
    trouble.hidden = false;
  });
  search.on('render', () => {
    if (search.status !== 'error') trouble.hidden = true;
    on('.sort select')?.setAttribute('aria-label', 'Sort by');
    const chosen = document.querySelectorAll('#current .ais-CurrentRefinements-category').length;
    const badge = on('#filters-count');
    badge.hidden = chosen === 0;
    badge.textContent = String(chosen);
    showSpelling(on('#spelling'), search.helper.lastResults, (q, asWritten) =>
      choose(search, { query: q, exactly: asWritten || undefined }, show, true));
    const found = search.renderState[kIndex]?.stats?.nbHits;
    on('#shop').classList.toggle('nothing', found === 0);
    if (found !== undefined) on('#filters-done').textContent = `Show ${number(found)} ${found === 1 ? 'product' : 'products'}`;
  });
  search.start();
  return search;
}

const box = connectSearchBox(({ query, refine, widgetParams }) => {
  const { container, show, choose: chosen } = widgetParams;
  const type = (text) => {
    show();
    refine(text);
    look(text.trim(), kDwellMs);
  };
  render(html`<${SearchBox} query=${query} type=${type} choose=${chosen} />`, container);
});

const kDwellMs = 3000;
let dwell;
let counted = '';

/** Whoever stays with what he typed, or chose it, looked for it. */
function look(q, afterMs) {
  clearTimeout(dwell);
  if (q.length < 2 || q === counted) return;
  dwell = setTimeout(() => {
    counted = q;
    countQuery(q);
  }, afterMs);
}

/** Searches for what was chosen; filters that are set stay only with `keep`. */
function choose(search, state, show, keep = false) {
  show();
  look(state.query, 0);
  search.setUiState((all) => {
    const { refinementList, range, ratingMenu, toggle, sortBy: sort } = all[kIndex] || {};
    const filters = keep ? { refinementList, range, ratingMenu, toggle } : { toggle };
    return { ...all, [kIndex]: { ...filters, sortBy: sort, ...state } };
  });
}

function facetTemplates(what) {
  return {
    item: ({ value, label, count, isRefined, cssClasses }, { html: h }) => h`
      <label class="${cssClasses.label}" title=${label}>
        <input type="checkbox" class="${cssClasses.checkbox}" value=${value} checked=${isRefined} />
        <span class="${cssClasses.labelText}">${pathOf(label, h)}</span>
        <span class="${cssClasses.count}">${number(count)}</span>
      </label>`,
    showMoreText: ({ isShowingMore }, { html: h }) =>
      h`<span>${isShowingMore ? 'Show fewer' : 'Show more'}<span class="sr"> ${what}</span></span>`,
    searchableNoResults: () => 'No such brand',
  };
}

/** The end of a path: "Clothing > Men > Shirts" is shown as "Men › Shirts". */
function pathOf(label, h) {
  const parts = label.split(' > ');
  return parts.length < 2 ? label : h`<span class="muted">${parts[parts.length - 2]} › </span>${parts[parts.length - 1]}`;
}

function ratingItem({ value, count, url, stars, isRefined, cssClasses }, { html: h }) {
  return h`<a class="${cssClasses.link}" href=${url} aria-current=${isRefined ? 'true' : undefined}>
    <span class="sr">${value} stars and more, ${number(count || 0)} products</span>
    <span class="stars-row" aria-hidden="true">
      ${stars.map(
        (full, i) => h`<svg key=${i} viewBox="0 0 24 24" class=${full ? 'full' : ''}>
          <path class="outline" d="m12 3 2.7 6 6.5.7-4.9 4.4 1.4 6.4-5.7-3.3-5.7 3.3 1.4-6.400L2.8 9.7 9.3 9z" />
          <path class="fill" d="m12 3 2.7 6 6.5.7-4.9 4.4 1.4 6.4-5.7-3.3-5.7 3.3 1.4-6.400L2.8 9.7 9.3 9z" />
        </svg>`,
      )}
    </span>
    <span class="${cssClasses.label}" aria-hidden="true">and up</span>
    <span class="${cssClasses.count}" aria-hidden="true">${number(count || 0)}</span>
  </a>`;
}

const names = { categories: 'Category', brand: 'Brand', price: 'Price', rating: 'Rating', in_stock: 'In stock' };

function nameRefinements(items, search) {
  return items.map((item) => ({
    ...item,
    label: item.attribute === 'in_stock' ? 'Only' : names[item.attribute] || item.label,
    // A rating is chosen as "4 to 5" and is one thing to the shopper.
    ...(item.attribute === 'rating' && {
      refine: () => search.setUiState((all) => ({ ...all, [kIndex]: { ...all[kIndex], ratingMenu: {} } })),
    }),
    refinements: item.refinements
      .filter(({ attribute, operator }) => attribute !== 'rating' || operator === '>=')
      .map((each) => ({ ...each, label: nameOf(each) })),
  }));
}

function nameOf({ attribute, operator, value, label }) {
  if (attribute === 'in_stock') return 'in stock';
  if (attribute === 'price') return `${operator === '>=' ? 'from' : 'to'} ${formatPrice(value)}`;
  if (attribute === 'rating') return `${value} and up`;
  return label;
}

const price = connectRange(
  (options, first) => {
    const { range, start, refine, widgetParams } = options;
    render(
      html`<${PriceRange} range=${range} start=${start} refine=${refine} format=${formatPrice} fresh=${first} />`,
      widgetParams.container,
    );
  },
  () => {},
);

// Short and readable: ?q=jacket&brand=Acme&brand=Foo&price=1000:5000&rating=4&in_stock=1&sort=price:asc&page=2

function stateToRoute(all) {
  const state = all[kIndex] || {};
  const [, sort] = (state.sortBy || '').split('/sort/');
  const rating = state.ratingMenu?.rating;
  return {
    q: state.query || undefined,
    exactly: state.exactly ? '1' : undefined,
    category: state.refinementList?.categories,
    brand: state.refinementList?.brand,
    price: state.range?.price,
    rating: rating ? String(rating) : undefined,
    in_stock: state.toggle?.in_stock ? '1' : undefined,
    sort,
    page: state.page > 1 ? String(state.page) : undefined,
  };
}

function routeToState(route) {
  const list = (value) => (value === undefined ? undefined : [value].flat().map(String));
  const lists = { categories: list(route.category), brand: list(route.brand) };
  Object.keys(lists).forEach((name) => lists[name] === undefined && delete lists[name]);
  const text = (value) => (typeof value === 'string' ? value : undefined);
  return {
    [kIndex]: {
      query: text(route.q),
      exactly: route.exactly === '1' || undefined,
      refinementList: lists,
      range: /^\d*:\d*$/.test(text(route.price) || '') ? { price: route.price } : undefined,
      ratingMenu: Number(route.rating) > 0 ? { rating: Number(route.rating) } : undefined,
      toggle: route.in_stock === '1' ? { in_stock: true } : undefined,
      sortBy: text(route.sort) ? `${kIndex}/sort/${route.sort}` : undefined,
      page: Number(route.page) > 1 ? Number(route.page) : undefined,
    },
  };
}
