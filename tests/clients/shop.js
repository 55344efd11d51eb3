// What the tests share: clients of the node that SOUK_URL names, and a small shop to ask about.
import Typesense from "typesense";

const url = new URL(process.env.SOUK_URL ?? "http://127.0.0.1:8080");
const nodes = [{ host: url.hostname, port: Number(url.port), protocol: "http" }];

export const options = (apiKey, more = {}) => ({
  nodes,
  apiKey,
  connectionTimeoutSeconds: 10,
  numRetries: 1,
  retryIntervalSeconds: 0.01,
  ...more,
});
export const client = (apiKey = "sk_dev", more = {}) => new Typesense.Client(options(apiKey, more));
export const documents = (apiKey = "sk_dev") => client(apiKey).collections("products").documents();

const shirt = (id, title, brand, price, size, stock, more = {}) => ({
  id,
  title,
  brand,
  categories: ["Clothing > Shirts"],
  tags: ["summer", "cotton shirt"],
  attributes: { material: ["cotton", "linen"], sleeve: "short", weight_g: 180 },
  rating: 4,
  variants: size.map((s) => ({ sku: `${id}-${s}`, options: { size: s, color: "red" }, price, currency: "EUR", stock })),
  ...more,
});

export const catalog = [
  shirt("shirt-1", "Organic shirt", "Acme", 1999, ["S", "M"], 7),
  shirt("shirt-2", "Plain shirt", "Foo & Co", 999, ["M"], 0),
  shirt("shirt-3", "Checked shirt", "Acme", 2999, ["L"], 1, { rating: 5 }),
  shirt("shirt-4", "Shirt, (cheap)", "Bar, Ltd", 499, ["L"], 1, { rating: 2 }),
  { id: "mug-1", title: "Enamel mug", brand: "Acme", categories: ["Kitchen > Mugs"], price: 899, currency: "EUR", stock: 3 },
  { id: "mug-2", title: "Shirt shaped mug", brand: "O`Neil", categories: ["Kitchen > Mugs"], price: 1299, currency: "EUR", stock: 3 },
];

/** The catalog as it was, whatever a test made of it. */
export async function fill() {
  await documents().delete({ filter_by: "id:!=nothing" });
  await documents().import(catalog, { action: "create" });
  await settled();
}

/** Waits until searches see every product. */
export async function settled(count = catalog.length) {
  for (let i = 0; i < 200; ++i) {
    if ((await documents().search({ q: "*", query_by: "title", per_page: 0 })).found === count) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`searches never saw ${count} products`);
}

export const ids = (result) => result.hits.map((hit) => hit.document.id);
