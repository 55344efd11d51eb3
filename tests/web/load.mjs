// Fills a server with the tests' catalog.
import { catalog } from './catalog.mjs';

const lines = catalog().map((product) => JSON.stringify(product)).join('\n');
const response = await fetch(`${process.env.SOUK_URL}/v1/products:import?action=upsert`, {
  method: 'POST',
  headers: { Authorization: 'Bearer sk_dev', 'Content-Type': 'application/x-ndjson' },
  body: `${lines}\n`,
});
const answer = await response.text();
if (!response.ok || !answer.includes('"failed":0')) throw new Error(answer);
