import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, close, fillAddress, goShop, open, setPrice, setStock, shot, toCheckout, url, violations, withPage } from './shop.mjs';

before(open);
after(close);

const kSoonMs = 1500; // less than anybody asks again

/** The streams that the page opened, and which of them are open. */
function streamsOf(page) {
  const streams = { opened: 0, now: 0 };
  page.on('request', (request) => {
    if (!request.url().includes('/v1/search/stream')) return;
    ++streams.opened;
    ++streams.now;
  });
  const ended = (request) => {
    if (request.url().includes('/v1/search/stream')) --streams.now;
  };
  page.on('requestfinished', ended);
  page.on('requestfailed', ended);
  return streams;
}
const until = async (what, why, ms = 6000) => {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (await what()) return;
    await new Promise((done) => setTimeout(done, 30));
  }
  assert.fail(why);
};
const hide = (page, hidden) =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
const told = (page) => page.waitForTimeout(700); // the stream is there

test('the list: price and stock of what is shown change at commit, marked and said, without a reload', () =>
  withPage({}, async (page) => {
    const streams = streamsOf(page);
    await setStock('SKU-16', 30);
    await goShop(page, '?q=model+16');
    const card = page.locator('.card[data-id=p-16]');
    await until(() => streams.now === 1, 'there is no stream');
    await told(page);

    await setPrice('p-16', 'SKU-16', 12900);
    await card.locator('.price[data-amount="12900"].flash').waitFor({ timeout: kSoonMs });
    assert.match(await card.locator('.price').textContent(), /€129.00.*was.*€160.00/s);
    await shot(page, 'live-price');
    await setStock('SKU-16', 3);
    await card.locator('.stock.few.flash').waitFor({ timeout: kSoonMs });
    await setStock('SKU-16', 0);
    await card.locator('.stock.out').waitFor({ timeout: kSoonMs });
    await page.locator('.card.sold-out[data-id=p-16]').waitFor();
    await until(async () => /model 16: .*sold out/.test(await page.textContent('#news')), 'it is not said');
    assert.equal(await page.getAttribute('#news', 'aria-live'), 'polite');
    await shot(page, 'live-sold-out');
    // The mark passes.
    await page.waitForTimeout(2600);
    assert.equal(await page.locator('.flash').count(), 0);
    await setPrice('p-16', 'SKU-16', 16000);
    await setStock('SKU-16', 36);
    await card.locator('.stock.in').waitFor({ timeout: kSoonMs });

    // One stream serves whatever is shown, and another search has another.
    await goShop(page, '?q=kettle');
    await until(() => streams.now === 1, `${streams.now} streams are open`);
  }));

for (const colorScheme of ['light', 'dark']) {
  test(`what was just told can be read: ${colorScheme}`, () =>
    withPage({ colorScheme }, async (page) => {
      await goShop(page, '?q=model');
      // Halted where the mark is strongest.
      await page.evaluate(() => {
        const halt = new CSSStyleSheet();
        halt.replaceSync('.flash { animation-play-state: paused !important; }');
        document.adoptedStyleSheets = [halt];
      });
      await told(page);
      await Promise.all([setStock('SKU-10', 0), setStock('SKU-11', 2), setPrice('p-4', 'SKU-4', 9900), setPrice('p-8', 'SKU-8', 100)]);
      await page.locator('.card[data-id=p-10] .stock.out.flash').waitFor({ timeout: kSoonMs });
      await page.locator('.card[data-id=p-11] .stock.few.flash').waitFor({ timeout: kSoonMs });
      await page.locator('.card[data-id=p-4] .price.flash .was').waitFor({ timeout: kSoonMs });
      await page.locator('.card[data-id=p-8] .price.flash .was.cheaper').waitFor({ timeout: kSoonMs });
      assert.deepEqual(await violations(page), []);
      await page.locator('.card[data-id=p-4]').scrollIntoViewIfNeeded();
      await shot(page, `live-${colorScheme}`);
      await Promise.all([setStock('SKU-10', 30), setStock('SKU-11', 31), setPrice('p-4', 'SKU-4', 4000), setPrice('p-8', 'SKU-8', 8000)]);
    }));
}

test('who wants no motion sees the change without it', () =>
  withPage({ reducedMotion: 'reduce' }, async (page) => {
    await setStock('SKU-14', 30);
    await goShop(page, '?q=model+14');
    await told(page);
    await setStock('SKU-14', 2);
    const stock = page.locator('.card[data-id=p-14] .stock.few.flash');
    await stock.waitFor({ timeout: kSoonMs });
    assert.equal(await stock.evaluate((each) => getComputedStyle(each).animationName), 'none');
    assert.match(await stock.evaluate((each) => getComputedStyle(each).textDecorationLine), /underline/);
    await setStock('SKU-14', 34);
  }));

test('a tab that is not looked at has no stream, and is right again when it is', () =>
  withPage({}, async (page) => {
    const streams = streamsOf(page);
    await setStock('SKU-17', 30);
    await goShop(page, '?q=model+17');
    await until(() => streams.now === 1, 'there is no stream');
    await hide(page, true);
    await until(() => streams.now === 0, 'the stream of a hidden tab is open');
    await setStock('SKU-17', 0);
    await page.waitForTimeout(3500);
    assert.equal(await page.locator('.card[data-id=p-17] .stock.out').count(), 0);
    assert.equal(streams.now, 0);
    await hide(page, false);
    await page.locator('.card[data-id=p-17] .stock.out').waitFor({ timeout: kSoonMs });
    await setStock('SKU-17', 37);
  }));

test('without the stream the shop is asked instead, and nobody is told of it', () =>
  withPage({}, async (page) => {
    await page.route('**/v1/search/stream*', (route) => route.fulfill({ status: 503, body: '{}' }));
    await setStock('SKU-20', 30);
    await goShop(page, '?q=model+20');
    await setStock('SKU-20', 0);
    await page.locator('.card[data-id=p-20] .stock.out').waitFor({ timeout: 7000 });
    assert.equal(await page.locator('#trouble').isVisible(), false);
    await setStock('SKU-20', 40);
  }, ['503']));

test('the product page and the cart are told too', () =>
  withPage({}, async (page) => {
    await setStock('SKU-22', 30);
    await page.goto(`${url}/#/p/p-22`);
    await page.waitForSelector('#add:not([disabled])');
    await told(page);
    await setPrice('p-22', 'SKU-22', 19900);
    await page.locator('.price.big[data-amount="19900"]').waitFor({ timeout: kSoonMs });
    await setStock('SKU-22', 2);
    await page.locator('.product-text .stock.few').waitFor({ timeout: kSoonMs });
    await shot(page, 'live-product');
    await page.click('#add');
    await page.click('#cart-link');
    await page.locator('.line .stock.few').waitFor();
    await told(page);
    await setPrice('p-22', 'SKU-22', 22000);
    await page.waitForSelector('text=The price changed from €199.00', { timeout: kSoonMs });
    assert.equal(await page.textContent('#cart-total'), '€220.00');
    await setStock('SKU-22', 0);
    await page.locator('.line.troubled .stock.out').waitFor({ timeout: kSoonMs });
    await shot(page, 'live-cart');
    assert.equal(await page.locator('a.disabled[aria-disabled=true]').count(), 1);
    await setStock('SKU-22', 42);
    await page.locator('.line:not(.troubled) .stock.in').waitFor({ timeout: kSoonMs });
  }));

test('an order is seen by its private link in another browser, and by nobody who guesses', () => {
  let link;
  let id;
  return withPage({}, async (page) => {
    await toCheckout(page, 'p-23');
    await fillAddress(page, 'link@example.org');
    await page.click('#place-order');
    id = await page.textContent('#order-id');
    link = await page.getAttribute('#order-link', 'href');
    await page.locator('#order-status', { hasText: 'Paid' }).waitFor();
    await shot(page, 'order-link');
  })
    .then(() =>
      withPage({}, async (page) => {
        await page.goto(link);
        assert.equal(await page.locator('#order-id').textContent(), id);
        assert.match(await page.textContent('.thanks'), /link@example.org/);
        await page.goto(`${url}/#/orders/${id}/${'A'.repeat(32)}`);
      }),
    )
    .then(() =>
      withPage({}, async (page) => {
        const other = link.slice(0, -1) + (link.endsWith('A') ? 'B' : 'A');
        await page.goto(other);
        await page.waitForSelector('text=not known here');
        await page.goto(`${url}/#/orders/${id}`);
        await page.waitForSelector('text=not known here');
      }, ['403']),
    )
    .then(async () => {
      const see = (headers) => fetch(`${url}/v1/orders/${id}`, { headers: { Authorization: 'Bearer pk_dev', ...headers } });
      assert.equal((await see({})).status, 403);
      assert.equal((await see({ 'Order-Token': 'x' })).status, 403);
      const answer = await see({ 'Order-Token': link.split('/').at(-1) });
      assert.equal(answer.status, 200);
      assert.equal((await answer.json()).view_token, undefined);
      assert.equal((await ask('GET', `/v1/orders/${id}`)).id, id);
    });
});
