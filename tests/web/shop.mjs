// What the tests share: the browser, pages that tell of every mistake, and the server's own word.
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const url = process.env.SOUK_URL;
const shots = process.env.SOUK_SHOTS;
mkdirSync(shots, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;

export async function open() {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}
export const close = () => browser?.close();

/**
 * Runs `act` with a page of its own. The test fails if the page says an error on its console,
 * throws, or asks any other host. `allow`: console texts that are expected.
 */
export async function withPage(options, act, allow = []) {
  const faults = [];
  const context = await browser.newContext({ locale: 'en-IE', viewport: { width: 1280, height: 900 }, ...options });
  await context.route(
    (target) => target.origin !== new URL(url).origin,
    (route) => {
      // Pictures may lie elsewhere; nothing else may.
      if (route.request().resourceType() !== 'image') faults.push(`asked ${route.request().url()}`);
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  // Searches that are not answered yet.
  page.searches = 0;
  const count = (by) => (request) => {
    if (request.url().includes('/multi_search')) page.searches += by;
  };
  page.on('request', count(1));
  page.on('requestfinished', count(-1));
  page.on('requestfailed', count(-1));
  page.on('pageerror', (error) => faults.push(`threw ${error.stack}`));
  page.on('console', (message) => {
    const from = message.location().url || '';
    const picture = message.text().includes('ERR_FAILED') && !from.startsWith(url);
    if (message.type() === 'error' && !picture && !allow.some((text) => message.text().includes(text)))
      faults.push(`said ${message.text()} (${from})`);
  });
  try {
    await act(page);
    if (faults.length > 0) throw new Error(`the page ${faults.join('\nand ')}`);
  } catch (error) {
    await page.screenshot({ path: `${shots}/failed.png` }).catch(() => {});
    throw error;
  } finally {
    await context.close();
  }
}

export const shot = (page, name) => page.screenshot({ path: `${shots}/${name}.png` });

export async function goShop(page, query = '') {
  await page.goto(`${url}/${query}`);
  await page.waitForSelector('.ais-Hits');
  await settled(page);
}

/** Waits until the widgets show the answer to what was chosen last. */
export async function settled(page) {
  await page.waitForTimeout(150);
  while (page.searches > 0) await page.waitForTimeout(50);
  await page.waitForTimeout(120);
}

export const found = async (page) => Number((await page.textContent('#stats strong')).replaceAll(',', ''));
export const amounts = (page) => page.$$eval('.card .price', (all) => all.map((each) => Number(each.dataset.amount)));

/** Violations of WCAG 2.2 A and AA, as readable lines. */
export async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }),
  );
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)} ${node.failureSummary.split('\n')[1] || ''}`),
  );
}

// The server's own word, by its server key.
export async function ask(method, path, body, headers = {}) {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: 'Bearer sk_dev', 'Content-Type': 'application/json', ...headers },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text.split('\n').filter(Boolean).at(-1)) : {};
}
export const stock = (sku) => ask('GET', `/v1/inventory/${sku}`);
export const setPrice = (id, sku, amount) =>
  ask('PATCH', `/v1/products/${id}`, { variants: [{ sku, price: { amount, currency: 'EUR' } }] }, { 'Content-Type': 'application/merge-patch+json' });
/** Makes a page that is told nothing and asks only once. */
export async function freeze(page) {
  await page.route('**/v1/search/stream*', (route) => route.fulfill({ status: 503, body: '{}' }));
  await page.addInitScript(() => {
    const real = window.setTimeout;
    window.setTimeout = (act, ms, ...more) => (ms >= 1000 && ms <= 30000 ? 0 : real(act, ms, ...more));
  });
}
export const setStock = (sku, units) => ask('PUT', `/v1/inventory/${sku}`, { on_hand: units });
export const ordersOf = async (email) =>
  (await ask('GET', '/v1/orders?limit=250')).data.filter((order) => order.customer.email === email);

export async function fillAddress(page, email) {
  await page.fill('[name=email]', email);
  await page.fill('[name=name]', 'Test Shopper');
  await page.fill('[name=line1]', 'Road 1');
  await page.fill('[name=postal_code]', '12345');
  await page.fill('[name=city]', 'Town');
}
export async function toCheckout(page, product) {
  await page.goto(`${url}/#/p/${product}`);
  await page.click('#add:not([disabled])');
  await page.waitForSelector('.toast.shown');
  await page.click('#cart-link');
  await page.click('text=Checkout');
  await page.waitForSelector('#place-order');
}
