// The adapter as InstantSearch calls it: what the widgets of a storefront ask for, and what they show.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import adapterModule from "typesense-instantsearch-adapter";
import { catalog, fill, options } from "./shop.js";

before(fill);

const TypesenseInstantsearchAdapter = adapterModule.default ?? adapterModule;
const adapter = (more = {}) =>
  new TypesenseInstantsearchAdapter({
    server: options("pk_dev", { sendApiKeyAsQueryParam: true }),
    additionalSearchParameters: { query_by: "title,brand,tags,attributes" },
    ...more,
  }).searchClient;

const ask = async (client, params, indexName = "products") =>
  (await client.search([{ indexName, params: { query: "", facets: [], ...params } }])).results[0];
const hits = (result) => result.hits.map((hit) => hit.objectID);

test("a search box, hits and their marks", async () => {
  const result = await ask(adapter(), {
    query: "shi", hitsPerPage: 20, highlightPreTag: "__ais-highlight__", highlightPostTag: "__/ais-highlight__",
  });
  assert.equal(result.nbHits, 5);
  assert.equal(result.hitsPerPage, 20);
  assert.equal(result.nbPages, 1);
  const shirt = result.hits.find((hit) => hit.objectID === "shirt-1");
  assert.equal(shirt._highlightResult.title.value, "Organic __ais-highlight__shi__/ais-highlight__rt");
  assert.equal(shirt._highlightResult.title.matchLevel, "full");
  assert.equal(shirt._highlightResult.brand.value, "Acme");
  assert.equal(shirt._highlightResult.brand.matchLevel, "none");
  assert.deepEqual(shirt._highlightResult.tags.map((each) => each.matchLevel), ["none", "full"]);
  assert.equal(shirt._highlightResult.attributes.material[0].value, "cotton");
  assert.equal(shirt.price, 1999);
});

test("refinement lists: one search with the filter, one without it for the other values", async () => {
  const facets = ["brand", "in_stock", "price"];
  const { results } = await adapter().search([
    { indexName: "products", params: { query: "", facets, facetFilters: [["brand:Foo & Co", "brand:O`Neil".replace("`", "")]], page: 0 } },
    { indexName: "products", params: { query: "", facets: ["brand"], hitsPerPage: 0, page: 0 } },
  ]);
  assert.deepEqual(hits(results[0]), ["shirt-2"]);
  assert.deepEqual(results[0].facets.brand, { "Foo & Co": 1 });
  assert.deepEqual(results[1].facets.brand, { Acme: 3, "Bar, Ltd": 1, "Foo & Co": 1, "O`Neil": 1 });
  assert.equal(results[1].hits.length, 0);
  assert.equal(results[0].facets_stats.price.min, 999);
});

test("a price slider, a rating menu and the in-stock switch", async () => {
  const result = await ask(adapter(), {
    facets: ["price", "rating"],
    numericFilters: ["price>=900", "price<=2999", "rating>=4"],
    facetFilters: [["in_stock:true"]],
  });
  assert.deepEqual(hits(result).sort(), ["shirt-1", "shirt-3"]);
  assert.deepEqual([result.facets_stats.price.min, result.facets_stats.price.max], [1999, 2999]);
  assert.deepEqual(result.facets.rating, { 4: 1, 5: 1 });
});

test("excluded values, nested fields, values with colons and commas", async () => {
  assert.deepEqual(hits(await ask(adapter(), { facetFilters: ["brand:-Acme", "in_stock:true"] })).sort(), ["mug-2", "shirt-4"]);
  assert.deepEqual(hits(await ask(adapter(), { facetFilters: [["attributes.size:S"]] })), ["shirt-1"]);
  assert.deepEqual(hits(await ask(adapter(), { facetFilters: [["brand:Bar, Ltd"]] })), ["shirt-4"]);
  assert.deepEqual(hits(await ask(adapter(), { facetFilters: [["categories:Kitchen > Mugs"]] })).sort(), ["mug-1", "mug-2"]);
});

test("sorting by index name, and pages", async () => {
  const sorted = await ask(adapter(), { hitsPerPage: 2, page: 1 }, "products/sort/price:asc");
  assert.deepEqual(hits(sorted), ["shirt-2", "mug-2"]);
  assert.equal(sorted.page, 1);
  assert.equal(sorted.nbPages, 3);
});

test("hits in groups", async () => {
  const params = { query_by: "title", group_by: "brand", group_limit: 2, sort_by: "price:desc" };
  const result = await ask(adapter({ additionalSearchParameters: params, flattenGroupedHits: false }), { hitsPerPage: 10 });
  assert.equal(result.nbHits, 4);
  assert.deepEqual(hits(result), ["shirt-3", "mug-2", "shirt-2", "shirt-4"]);
  assert.deepEqual(result.hits[0]._grouped_hits.map((hit) => hit.objectID), ["shirt-3", "shirt-1"]);
  assert.equal(result.hits[0]._group_found, 3);
});

test("searching for the values of a facet", async () => {
  const [result] = await adapter().searchForFacetValues([
    { indexName: "products", params: { facetName: "brand", facetQuery: "ac", query: "", facets: ["brand"], maxFacetHits: 10 } },
  ]);
  assert.deepEqual(result.facetHits.map((each) => [each.value, each.count]), [["Acme", 3]]);
});

test("the adapter's further parameters are understood or left alone", async () => {
  const client = adapter({
    additionalSearchParameters: {
      queryBy: "title,brand", queryByWeights: "4,2", numTypos: "1", typoTokensThreshold: 1, prefix: "true,false",
      dropTokensThreshold: 2, highlightFullFields: "title", exhaustiveSearch: true, sortBy: "_text_match:desc,popularity:desc",
    },
  });
  assert.equal((await ask(client, { query: "mug" })).nbHits, 2);
});

test("an error comes as an exception", async () => {
  await assert.rejects(ask(adapter({ additionalSearchParameters: { query_by: "nothing" } }), { query: "x" }));
});

test("every product is found without a query", async () => {
  assert.equal((await ask(adapter(), {})).nbHits, catalog.length);
});
