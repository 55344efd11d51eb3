import assert from "node:assert/strict";
import { Readable } from "node:stream";
import test, { before } from "node:test";
import Typesense from "typesense";
import { catalog, client, documents, fill, ids, options, settled } from "./shop.js";

before(fill);

const search = (params, key = "pk_dev") => documents(key).search({ query_by: "title,brand,tags", ...params });

test("health, and the one collection with its schema", async () => {
  assert.deepEqual(await client().health.retrieve(), { ok: true });
  const all = await client("pk_dev").collections().retrieve();
  assert.deepEqual(all.map((each) => each.name), ["products"]);
  const one = await client("pk_dev").collections("products").retrieve();
  assert.equal(one.num_documents, catalog.length);
  const types = Object.fromEntries(one.fields.map((field) => [field.name, field.type]));
  assert.equal(types.price, "int64");
  assert.equal(types.brand, "string");
  assert.equal(types.categories, "string[]");
  await assert.rejects(client().collections("nope").retrieve(), Typesense.Errors.ObjectNotFound);
});

test("a search: documents, highlights, counts", async () => {
  const found = await search({ q: "shirt", facet_by: "brand,price", sort_by: "price:asc" });
  assert.deepEqual(ids(found), ["shirt-4", "shirt-2", "mug-2", "shirt-1", "shirt-3"]);
  assert.equal(found.found, 5);
  assert.equal(found.out_of, catalog.length);
  assert.equal(found.page, 1);
  assert.equal(found.request_params.q, "shirt");
  assert.equal(typeof found.search_time_ms, "number");
  assert.equal(found.search_cutoff, false);
  const first = found.hits[3];
  assert.equal(first.document.price, 1999);
  assert.equal(first.document.currency, "EUR");
  assert.equal(first.document.in_stock, true);
  assert.equal(first.document.available, 14);
  assert.deepEqual(first.document.sku, ["shirt-1-S", "shirt-1-M"]);
  assert.equal(first.highlight.title.snippet, "Organic <mark>shirt</mark>");
  assert.deepEqual(first.highlight.title.matched_tokens, ["shirt"]);
  assert.deepEqual(first.highlight.tags.map((each) => each.snippet), ["summer", "cotton <mark>shirt</mark>"]);
  const tags = first.highlights.find((each) => each.field === "tags");
  assert.deepEqual(tags.indices, [1]);
  assert.deepEqual(tags.matched_tokens, [["shirt"]]);
  assert.deepEqual(found.facet_counts[0].counts[0], { count: 2, highlighted: "Acme", value: "Acme" });
  assert.equal(found.facet_counts[1].stats.min, 499);
  assert.equal(found.facet_counts[1].stats.max, 2999);
});

test("pages, offsets, and no page at all", async () => {
  const all = ids(await search({ q: "*", sort_by: "price:desc", per_page: 250 }));
  assert.equal(all.length, catalog.length);
  const second = await search({ q: "*", sort_by: "price:desc", page: 2, per_page: 2 });
  assert.deepEqual(ids(second), all.slice(2, 4));
  assert.equal(second.page, 2);
  for (let offset = 0; offset < all.length; ++offset) {
    const some = await search({ q: "*", sort_by: "price:desc", offset, limit: 3 });
    assert.deepEqual(ids(some), all.slice(offset, offset + 3));
  }
  const none = await search({ q: "*", per_page: 0, facet_by: "brand" });
  assert.equal(none.hits.length, 0);
  assert.equal(none.found, catalog.length);
  assert.equal(none.facet_counts[0].counts.length, 4);
});

test("several sort keys, and the options of the relevance key", async () => {
  const found = await search({ q: "*", sort_by: "brand:asc,price:desc" });
  assert.deepEqual(ids(found).slice(0, 3), ["shirt-3", "shirt-1", "mug-1"]);
  const ranked = await search({ q: "shirt", sort_by: "_text_match(buckets: 10):desc,rating(missing_values: last):desc" });
  assert.equal(ranked.found, 5);
});

test("filters, with values in backticks", async () => {
  const filtered = async (filter_by) => ids(await search({ q: "*", filter_by, sort_by: "id:asc" }));
  assert.deepEqual(await filtered("brand:=[`Foo & Co`]"), ["shirt-2"]);
  assert.deepEqual(await filtered("brand:=`Bar, Ltd`"), ["shirt-4"]);
  assert.deepEqual(await filtered("brand:=[`Foo & Co`,`Bar, Ltd`] && price:<600"), ["shirt-4"]);
  assert.deepEqual(await filtered("price:=[899..1299]"), ["mug-1", "mug-2", "shirt-2"]);
  assert.deepEqual(await filtered("price:[499,899]"), ["mug-1", "shirt-4"]);
  assert.deepEqual(await filtered("brand:!=Acme && in_stock:true"), ["mug-2", "shirt-4"]);
  assert.deepEqual(await filtered("in_stock:=[`false`]"), ["shirt-2"]);
  assert.deepEqual(await filtered("(rating:>=5 || id:mug-1) && brand:Acme"), ["mug-1", "shirt-3"]);
  assert.deepEqual(await filtered("attributes.size:=S && in_stock:true"), ["shirt-1"]);
  assert.deepEqual(await filtered("brand:![Acme,Foo]"), ["mug-2", "shirt-4"]);
});

test("fields in and out", async () => {
  const found = await search({ q: "*", include_fields: "id,price,attributes.sleeve", filter_by: "id:shirt-1" });
  assert.deepEqual(found.hits[0].document, { id: "shirt-1", price: 1999, attributes: { sleeve: "short" } });
  const other = await search({ q: "*", exclude_fields: "description,variants,nothing", filter_by: "id:shirt-1" });
  assert.equal(other.hits[0].document.variants, undefined);
  assert.equal(other.hits[0].document.title, "Organic shirt");
});

test("hits in groups", async () => {
  const found = await search({ q: "*", group_by: "brand", group_limit: 2, sort_by: "price:desc", per_page: 2 });
  assert.equal(found.found, 4);
  assert.equal(found.found_docs, catalog.length);
  assert.equal(found.hits, undefined);
  assert.deepEqual(found.grouped_hits.map((group) => [group.group_key, group.found]), [[["Acme"], 3], [["O`Neil"], 1]]);
  assert.deepEqual(ids(found.grouped_hits[0]), ["shirt-3", "shirt-1"]);
  const rest = await search({ q: "*", group_by: "brand", sort_by: "price:desc", per_page: 2, page: 2 });
  assert.deepEqual(rest.grouped_hits.map((group) => group.group_key[0]), ["Foo & Co", "Bar, Ltd"]);
  await assert.rejects(search({ q: "*", group_by: "nothing" }), Typesense.Errors.ObjectNotFound);
});

test("the values of a facet can be searched", async () => {
  const found = await search({ q: "*", facet_by: "brand", facet_query: "brand:co", per_page: 0 });
  assert.deepEqual(found.facet_counts[0].counts, [{ count: 1, highlighted: "Foo & <mark>Co</mark>", value: "Foo & Co" }]);
});

test("parameters of what is not there change nothing, or are refused", async () => {
  const plain = await search({ q: "shirt" });
  const tuned = await search({
    q: "shirt", num_typos: 2, typo_tokens_threshold: 1, min_len_1typo: 4, exhaustive_search: true, use_cache: true,
    cache_ttl: 60, enable_overrides: false, prioritize_exact_match: true, infix: "off", nobody_knows: 1,
  });
  assert.deepEqual(ids(tuned), ids(plain));
  await assert.rejects(search({ q: "*", vector_query: "v:([1])" }), Typesense.Errors.RequestMalformed);
});

test("synonyms, overrides and stop words", async (context) => {
  const products = client().collections("products");
  context.after(async () => {
    for (const { id } of (await products.synonyms().retrieve()).synonyms) await products.synonyms(id).delete();
    for (const { id } of (await products.overrides().retrieve()).overrides) await products.overrides(id).delete();
    for (const { id } of (await client().stopwords().retrieve()).stopwords) await client().stopwords(id).delete();
  });
  const found = async (params) => ids(await search({ num_typos: 0, sort_by: "id:asc", ...params }));

  const synonym = await products.synonyms().upsert("shirts", { root: "jersey", synonyms: ["shirt", "enamel mug"] });
  assert.deepEqual(synonym, { id: "shirts", root: "jersey", synonyms: ["shirt", "enamel mug"] });
  assert.deepEqual(await products.synonyms("shirts").retrieve(), synonym);
  assert.deepEqual(await products.synonyms().retrieve(), { synonyms: [synonym] });
  assert.deepEqual(await found({ q: "jersey" }), ["mug-1", "mug-2", "shirt-1", "shirt-2", "shirt-3", "shirt-4"]);
  assert.deepEqual(await found({ q: "jersey", enable_synonyms: false }), []);
  assert.deepEqual(await found({ q: "enamel", enable_synonyms: true }), ["mug-1"]);

  await products.overrides().upsert("mugs", {
    rule: { query: "mug", match: "exact" },
    includes: [{ id: "shirt-3", position: 1 }, { id: "shirt-2", position: 3 }],
    excludes: [{ id: "mug-2" }],
    metadata: { banner: "mugs" },
  });
  const override = await products.overrides("mugs").retrieve();
  assert.equal(override.id, "mugs");
  assert.deepEqual(override.rule, { match: "exact", query: "mug" });
  assert.deepEqual(override.includes[1], { id: "shirt-2", position: 3 });
  assert.equal((await products.overrides().retrieve()).overrides.length, 1);
  const curated = await search({ q: "mug", sort_by: "id:asc", num_typos: 0 });
  assert.deepEqual(ids(curated), ["shirt-3", "mug-1", "shirt-2"]);
  assert.deepEqual(curated.hits.map((hit) => hit.curated ?? false), [true, false, true]);
  assert.deepEqual(curated.metadata, { banner: "mugs" });
  assert.equal(curated.found, 3);
  assert.deepEqual(await found({ q: "mug", filter_by: "in_stock:true" }), ["shirt-3", "mug-1"]);
  assert.deepEqual(await found({ q: "mug", enable_overrides: false }), ["mug-1", "mug-2"]);
  await products.overrides().upsert("mugs", { rule: { query: "cheap", match: "contains" }, filter_by: "price:<1000" });
  assert.deepEqual(await found({ q: "cheap shirt" }), ["shirt-2", "shirt-4"]);

  const set = await client().stopwords().upsert("en", { stopwords: ["the", "of"], locale: "en" });
  assert.deepEqual(set, { id: "en", stopwords: ["the", "of"], locale: "en" });
  assert.deepEqual((await client().stopwords("en").retrieve()).stopwords.stopwords, ["the", "of"]);
  const exactly = { q: "the enamel of mug", drop_tokens_threshold: 0 };
  assert.deepEqual(await found(exactly), []);
  assert.deepEqual(await found({ ...exactly, stopwords: "en" }), ["mug-1"]);

  assert.deepEqual(await found({ q: "mug", pinned_hits: "shirt-4:2", hidden_hits: "mug-1" }), ["mug-2", "shirt-4"]);

  assert.deepEqual(await products.synonyms("shirts").delete(), { id: "shirts" });
  await assert.rejects(products.synonyms("shirts").retrieve(), Typesense.Errors.ObjectNotFound);
  await assert.rejects(products.overrides("nope").retrieve(), Typesense.Errors.ObjectNotFound);
  await assert.rejects(products.overrides("nope").delete(), Typesense.Errors.ObjectNotFound);
  await assert.rejects(client().stopwords("nope").retrieve(), Typesense.Errors.ObjectNotFound);
  await assert.rejects(products.synonyms().upsert("s", { synonyms: ["one"] }), Typesense.Errors.RequestMalformed);
  await assert.rejects(products.overrides().upsert("o", { includes: [] }), Typesense.Errors.RequestMalformed);
  await assert.rejects(client("pk_dev").collections("products").synonyms().upsert("s", synonym),
    Typesense.Errors.RequestUnauthorized);
});

test("several searches on one state, each with its own answer or error", async () => {
  const { results } = await client("pk_dev").multiSearch.perform(
    {
      searches: [
        { collection: "products", q: "mug" },
        { collection: "nope", q: "*" },
        { collection: "products", q: "*", filter_by: "price:[" },
        { collection: "products", q: "*", sort_by: "nothing:asc" },
        { collection: "products", q: "shirt", per_page: 1, facet_by: ["brand", "price"] },
        { collection: "products" },
      ],
    },
    { query_by: "title", per_page: 2 },
  );
  assert.equal(results[0].found, 2);
  assert.equal(results[0].hits.length, 2);
  assert.equal(results[1].code, 404);
  assert.match(results[1].error, /[Cc]ollection/);
  assert.equal(results[2].code, 400);
  assert.equal(results[3].code, 404);
  assert.equal(results[4].hits.length, 1);
  assert.equal(results[4].facet_counts.length, 2);
  assert.deepEqual(results[5], { code: 400, error: "Parameter `q` is required." });
});

test("keys: as a header, in the query, and none that is not known", async () => {
  const inQuery = client("pk_dev", { sendApiKeyAsQueryParam: true });
  assert.equal((await inQuery.collections("products").documents().search({ q: "*", query_by: "title" })).found, catalog.length);
  await assert.rejects(search({ q: "*" }, "nobody"), Typesense.Errors.RequestUnauthorized);
  await assert.rejects(documents("pk_dev").create(catalog[0]), Typesense.Errors.RequestUnauthorized);
  const only = new Typesense.SearchClient(options("pk_dev"));
  assert.equal((await only.collections("products").documents().search({ q: "mug", query_by: "title" })).found, 2);
});

test("errors carry their status and a sentence", async () => {
  await assert.rejects(search({ q: "*", per_page: 251 }), (error) => {
    assert.equal(error.httpStatus, 422);
    assert.match(error.message, /Only upto 250 hits/);
    return true;
  });
  await assert.rejects(search({ q: "*", query_by: "nothing" }), Typesense.Errors.ObjectNotFound);
  await assert.rejects(search({ q: "*", facet_by: "nothing" }), Typesense.Errors.ObjectNotFound);
  await assert.rejects(search({ q: "*", filter_by: "nothing:1" }), Typesense.Errors.ObjectNotFound);
  await assert.rejects(search({ q: "*", filter_by: "price:abc" }), Typesense.Errors.RequestMalformed);
});

test("one document: created, read, changed, replaced, deleted", async () => {
  const made = await documents().create({ id: "cup-1", title: "Cup", price: 500, currency: "EUR", stock: 2, material: "clay" });
  assert.equal(made.id, "cup-1");
  assert.equal(made.available, 2);
  assert.deepEqual(made.attributes, { material: "clay" });
  await assert.rejects(documents().create({ id: "cup-1", title: "Other", price: 1, currency: "EUR" }), Typesense.Errors.ObjectAlreadyExists);

  const cup = client().collections("products").documents("cup-1");
  assert.deepEqual(await cup.retrieve(), made);
  const changed = await cup.update({ price: 600, tags: ["new"] });
  assert.equal(changed.price, 600);
  assert.equal(changed.title, "Cup");
  assert.equal(changed.available, 2);
  assert.deepEqual(changed.tags, ["new"]);
  const again = await documents().update({ id: "cup-1", title: "Mug", attributes: { material: null, color: "blue" } });
  assert.equal(again.title, "Mug");
  assert.deepEqual(again.attributes, { color: "blue" });
  // What was read can be written back.
  const same = await documents().upsert(again);
  assert.equal(same.price, 600);
  assert.equal(same.available, 2);
  const replaced = await documents().upsert({ id: "cup-1", title: "Bowl", price: 700, currency: "EUR" });
  assert.deepEqual(replaced.tags, []);
  assert.equal((await documents().emplace({ id: "cup-1", rating: 3 })).title, "Bowl");
  assert.equal((await documents().emplace({ id: "cup-2", title: "Cup two", price: 1, currency: "EUR" })).id, "cup-2");

  assert.equal((await cup.delete()).title, "Bowl");
  await assert.rejects(cup.retrieve(), Typesense.Errors.ObjectNotFound);
  await assert.rejects(cup.update({ price: 1 }), /Could not find a document with id: cup-1/);
  await assert.rejects(cup.delete(), Typesense.Errors.ObjectNotFound);
  await client().collections("products").documents("cup-2").delete();
  await settled();
});

test("bad documents are refused with a reason", async () => {
  await assert.rejects(documents().create({ id: "x", title: "X", price: 19.99, currency: "EUR" }), /minor units/);
  await assert.rejects(documents().create({ id: "x", title: "X", price: 1999 }), /currency/);
  await assert.rejects(documents().create({ id: 5, title: "X", price: 1, currency: "EUR" }), /should be a string/);
  await assert.rejects(documents().update({ title: "X" }), /`id` key must be provided/);
});

test("an import says of every line what became of it", async () => {
  const lines = [
    { id: "a-1", title: "Apron", price: 100, currency: "EUR" },
    { id: "shirt-1", title: "Another shirt", price: 100, currency: "EUR" },
    { id: "a-2", title: "Apron two" },
    { id: "a-3", title: "Apron three", price: 100, currency: "EUR" },
  ];
  await assert.rejects(documents().import(lines, { action: "create" }), (error) => {
    assert.equal(error.payload.failedItems.length, 2);
    assert.equal(error.payload.successCount, 2);
    assert.equal(error.payload.failedItems[0].code, 409);
    assert.equal(error.payload.failedItems[0].error, "A document with id shirt-1 already exists.");
    assert.equal(JSON.parse(error.payload.failedItems[0].document).title, "Another shirt");
    return true;
  });

  const updated = await documents().import(
    [{ id: "a-1", title: "Kitchen apron" }, { id: "a-9", title: "Nobody" }, { id: "a-1", price: 150 }],
    { action: "update", return_id: true, throwOnFail: false },
  );
  assert.deepEqual(updated.map((each) => each.success), [true, false, true]);
  assert.equal(updated[1].code, 404);
  assert.equal(updated[0].id, "a-1");
  const apron = await client().collections("products").documents("a-1").retrieve();
  assert.equal(apron.title, "Kitchen apron");
  assert.equal(apron.price, 150);

  const emplaced = await documents().import(
    [{ id: "a-1", rating: 4 }, { id: "a-4", title: "Apron four", price: 1, currency: "EUR" }],
    { action: "emplace", return_doc: true },
  );
  assert.deepEqual(emplaced.map((each) => each.success), [true, true]);
  assert.equal(emplaced[1].document.id, "a-4");

  const text = await documents().import('{"id":"a-5","title":"Apron five","price":1,"currency":"EUR"}\n{"id":\n', { action: "upsert" });
  const results = text.split("\n").map((line) => JSON.parse(line));
  assert.equal(results[0].success, true);
  assert.equal(results[1].success, false);
  assert.match(results[1].error, /Bad JSON/);

  const many = Array.from({ length: 2000 }, (_, i) => JSON.stringify({ id: `m-${i}`, title: `Mass ${i}`, price: i, currency: "EUR", tags: ["mass"] }));
  const streamed = await documents().importStream(Readable.from([many.join("\n")]), { action: "upsert" });
  assert.equal(streamed.length, 2000);
  assert.ok(streamed.every((each) => each.success));

  assert.equal((await documents().update({ popularity: 9 }, { filter_by: "tags:=mass && price:<100" })).num_updated, 100);
  const popular = await search({ q: "*", filter_by: "popularity:9", per_page: 0 });
  assert.equal(popular.found, 100);

  const exported = (await documents().export({ filter_by: "tags:=mass", include_fields: "id,price" })).trim().split("\n");
  assert.equal(exported.length, 2000);
  assert.deepEqual(Object.keys(JSON.parse(exported[0])), ["id", "price"]);

  assert.equal((await documents().delete({ filter_by: "tags:=mass || id:[a-1,a-3,a-4,a-5]" })).num_deleted, 2004);
  await settled();
});
