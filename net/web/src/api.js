// The shop's own API, asked with the storefront key.

export const key = document.querySelector('meta[name="souk-key"]').content;

/** What the server refused: its problem document. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `The server answered ${status}.`);
    this.status = status;
    this.code = document.code || 'unknown';
    this.errors = document.errors || [];
    this.param = document.param || '';
  }
}

/** Nobody knows whether the request was carried out. */
export class Unanswered extends Error {}

async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers: { Authorization: `Bearer ${key}`, ...options.headers },
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Unanswered('The shop cannot be reached.');
  }
  if (response.status === 304) return { unchanged: true };
  const text = await response.text().catch(() => {
    throw new Unanswered('The answer was cut off.');
  });
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    if (response.ok) throw new Unanswered('The answer cannot be read.');
  }
  if (!response.ok) throw new Problem(response.status, body);
  return { body, etag: response.headers.get('ETag') };
}

/** A product with live price and stock; `unchanged` if the ETag still holds. */
export const getProduct = (id, etag) =>
  send(`/v1/products/${encodeURIComponent(id)}`, etag ? { headers: { 'If-None-Match': etag } } : {});

/** An order as the shop has it; `token` is what the checkout gave whoever placed it. */
export const getOrder = (id, token) =>
  send(`/v1/orders/${encodeURIComponent(id)}`, { headers: { 'Order-Token': token } }).then(({ body }) => body);

const idsFilter = (ids) => `id:=[${ids.map((id) => `\`${id}\``).join(',')}]`;

/** A search for products by id, as parameters. */
const searchFor = (ids, fields) =>
  new URLSearchParams({
    q: '*',
    filter_by: idsFilter(ids),
    per_page: String(ids.length),
    include_fields: fields,
    enable_analytics: 'false',
  });

/** Where the search box searches. */
export const kSearched = 'title,brand,categories,tags,sku,description';
const kLiveFields = 'id,price,in_stock,availability';

/** Facts of products by id: one search for all of them. */
export async function getFacts(ids, signal, fields = kLiveFields) {
  const { body } = await send(`/v1/search?${searchFor(ids, fields)}`, { signal });
  return new Map(body.hits.map(({ document }) => [document.id, document]));
}

/**
 * Tells the shop that somebody looked for `q`, so that others may be offered it. What is searched
 * for while it is still being typed does not count.
 */
export const countQuery = (q) =>
  send(`/v1/search?${new URLSearchParams({ q, query_by: kSearched, per_page: '0' })}`).catch(() => {});

/** What the shop would complete `q` with; without any text, where others look. */
export const getSuggestions = (q, signal) => {
  const params = q ? { q, limit: '4' } : { limit: '3', types: 'query,category,brand' };
  return send(`/v1/suggest?${new URLSearchParams(params)}`, { signal }).then(({ body }) => body);
};

/**
 * Follows products by id: calls `tell(event, data)` for what the server sends at each commit, until
 * the stream ends or `signal` ends it.
 */
export async function followLive(ids, signal, tell) {
  const response = await fetch(`/v1/search/stream?${searchFor(ids, kLiveFields)}`, {
    signal,
    headers: { Authorization: `Bearer ${key}`, Accept: 'text/event-stream' },
  });
  if (!response.ok || !response.body) throw new Problem(response.status, {});
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (field('event') && field('data')) tell(field('event'), JSON.parse(field('data')));
    }
  }
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Places an order. As long as nobody knows what became of it, it is asked again under the same
 * idempotency key, so that it is placed at most once.
 */
export async function checkout(order, idempotencyKey, tries = 4) {
  for (let attempt = 1; ; ++attempt) {
    try {
      const { body } = await send('/v1/checkouts', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey },
        body: JSON.stringify(order),
      });
      return body;
    } catch (error) {
      const open =
        error instanceof Unanswered ||
        error.status >= 500 ||
        error.status === 429 ||
        error.code === 'idempotency_in_progress';
      if (!open || attempt === tries) {
        error.open = open;
        throw error;
      }
      await wait(400 * 2 ** attempt);
    }
  }
}

/** A fresh idempotency key: 128 random bits. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
