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
  } catch {
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

/** Live facts of products by id: one search for all of them. */
export async function getLive(ids) {
  const list = ids.map((id) => `\`${id}\``).join(',');
  const params = new URLSearchParams({
    q: '*',
    filter_by: `id:=[${list}]`,
    per_page: String(ids.length),
    include_fields: 'id,price,in_stock,availability',
  });
  const { body } = await send(`/v1/search?${params}`);
  return new Map(body.hits.map(({ document }) => [document.id, document]));
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
