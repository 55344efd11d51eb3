import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { evil } from './catalog.mjs';
import { close, fillAddress, goShop, open, settled, shot, toCheckout, url, violations, withPage } from './shop.mjs';

before(open);
after(close);

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

test('what products are called is text, wherever it is shown', () =>
  withPage({}, async (page) => {
    const clean = async () => {
      assert.equal(await page.evaluate(() => window.hacked), undefined);
      assert.equal(await page.locator('#planted, #planted2, [onerror], [onload]').count(), 0);
    };
    await goShop(page, '?q=evil');
    assert.match(await page.textContent('.card[data-id=evil] .card-title'), /<img src=x/);
    await page.fill('#brands input[type=search]', 'svg');
    await settled(page);
    await clean();
    await page.fill('#searchbox input', evil);
    await settled(page);
    await clean();
    await toCheckout(page, 'evil');
    await clean();
    assert.match(await page.textContent('.short-lines'), /<img src=x/);
    await page.goto(`${url}/#/p/evil`);
    await page.waitForSelector('.product h1');
    assert.ok((await page.textContent('.product h1')).includes(evil));
    await clean();
    await shot(page, 'markup-is-text');

    // Control: markup that got through would be seen.
    await page.evaluate((markup) => document.body.insertAdjacentHTML('beforeend', markup), evil);
    await assert.rejects(clean);
  }, ['Content Security Policy', 'ERR_', '404']));

const views = [
  ['shop', (page) => goShop(page)],
  ['refined', (page) => goShop(page, '?q=kettle&brand=Acme&in_stock=1&rating=2')],
  ['empty', (page) => goShop(page, '?q=zzzzqqqq')],
  ['product', async (page) => { await page.goto(`${url}/#/p/p-7`); await page.waitForSelector('.product'); }],
  ['cart', async (page) => { await toCheckout(page, 'p-8'); await page.goto(`${url}/#/cart`); await page.waitForSelector('.line .stock'); }],
  ['checkout', (page) => toCheckout(page, 'p-8')],
  ['order', async (page) => {
    await toCheckout(page, 'p-8');
    await fillAddress(page, 'axe@example.org');
    await page.click('#place-order');
    await page.waitForSelector('#order-link');
  }],
  ['missing', async (page) => { await page.goto(`${url}/#/p/none`); await page.waitForSelector('text=not here'); }],
];

for (const colorScheme of ['light', 'dark']) {
  for (const [size, options] of [['desktop', {}], ['phone', phone]]) {
    test(`axe finds nothing against WCAG AA: ${colorScheme}, ${size}`, async () => {
      for (const [name, visit] of views) {
        await withPage({ ...options, colorScheme }, async (page) => {
          await visit(page);
          if (size === 'phone' && name === 'refined') await page.click('#filters-open');
          await page.waitForTimeout(300);
          assert.deepEqual(await violations(page), [], `${name}, ${colorScheme}, ${size}`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${name} on a ${size} is ${wide} px too wide`);
          await shot(page, `${name}-${colorScheme}-${size}`);
        }, ['404']);
      }
    });
  }
}

test('control: axe finds what is wrong', () =>
  withPage({}, async (page) => {
    await goShop(page);
    await page.evaluate(() => {
      document.querySelector('#sort select').removeAttribute('aria-label');
      document.querySelector('.price').style.color = '#bbb';
    });
    const names = (await violations(page)).map((line) => line.split(':')[0]);
    assert.ok(names.includes('color-contrast') && names.includes('select-name'), `${names}`);
  }));

test('dark is dark and light is light', async () => {
  const ground = (colorScheme) =>
    new Promise((done, failed) =>
      withPage({ colorScheme }, async (page) => {
        await goShop(page);
        done(await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number)));
      }).catch(failed),
    );
  assert.ok((await ground('dark')).every((part) => part < 40));
  assert.ok((await ground('light')).every((part) => part > 220));
});

test('a phone: filters open and close, and buying works by touch', () =>
  withPage(phone, async (page) => {
    await goShop(page);
    assert.equal(await page.locator('#filters').isVisible(), false);
    await page.tap('#filters-open');
    await page.locator('#brands label', { hasText: 'Acme' }).tap();
    await settled(page);
    await shot(page, 'phone-filters');
    assert.equal(await page.textContent('#filters-done'), 'Show 9 products');
    await page.tap('#filters-done');
    assert.equal(await page.locator('#filters').isVisible(), false);
    assert.equal(await page.textContent('#filters-count'), '1');
    await page.locator('.card a').first().tap();
    await page.waitForSelector('.product h1');
  }));

test('the files: packed, kept for good, asked for again, and behind a policy', async () => {
  const page = await fetch(url, { headers: { 'Accept-Encoding': 'identity' } });
  const html = await page.text();
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.ok(html.includes('content="pk_dev"') && !html.includes('sk_dev'));
  const again = await fetch(url, { headers: { 'If-None-Match': page.headers.get('etag') } });
  assert.equal(again.status, 304);

  let packed = 0;
  const files = [...html.matchAll(/"\.?(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(files.length >= 3, `${files}`);
  for (const file of files) {
    const plain = await fetch(url + file, { headers: { 'Accept-Encoding': 'identity' } });
    const zipped = await fetch(url + file, { headers: { 'Accept-Encoding': 'gzip, zstd' } });
    assert.equal(zipped.headers.get('content-encoding'), 'gzip', file);
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.match(zipped.headers.get('cache-control'), /immutable/);
    assert.match(zipped.headers.get('vary') || '', /Accept-Encoding/);
    packed += Number(zipped.headers.get('content-length'));
    assert.equal(await zipped.text(), await plain.text());
  }
  assert.ok(packed < 200 * 1024, `${packed} bytes`);
  assert.equal((await fetch(`${url}/assets/none.js`)).status, 404);
  assert.equal((await fetch(`${url}/assets/..%2Findex.html`)).status, 404);
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
});
