import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { close, found, goShop, open, settled, shot, url, violations, withPage } from './shop.mjs';

before(open);
after(close);

const input = '#searchbox input';
const options = (page) => page.locator('#suggestions [role=option]');
const active = (page) =>
  page.evaluate(() => {
    const box = document.querySelector('[role=combobox]');
    const option = document.getElementById(box.getAttribute('aria-activedescendant'));
    return option ? option.querySelector('.suggestion-text').textContent : null;
  });

async function type(page, text) {
  await page.click(input);
  await page.fill(input, '');
  await page.keyboard.type(text, { delay: 15 });
  await page.locator('.suggest mark').first().waitFor();
}

test('suggestions: categories, brands and products by what is typed, and what is chosen is shown', () =>
  withPage({}, async (page) => {
    await goShop(page);
    await type(page, 'jack');
    await page.locator('.suggestion-end.price').first().waitFor();
    await shot(page, 'suggest');
    assert.deepEqual(await page.locator('.suggest-title').allTextContents().then((all) => all.slice(-2)), ['Categories', 'Products']);
    await options(page).filter({ hasText: 'in Clothing' }).click();
    await settled(page);
    assert.equal(await found(page), 12);
    assert.equal(await page.inputValue(input), '');
    assert.deepEqual(await page.locator('.ais-CurrentRefinements-category').allTextContents(), ['Clothing > Jackets✕']);
    assert.equal(await page.locator('.suggest').isVisible(), false);

    await type(page, 'cor');
    await options(page).filter({ hasText: /^Corda\d/ }).first().click();
    await settled(page);
    assert.equal(await found(page), 9);

    await type(page, 'model 13');
    await options(page).filter({ hasText: 'model 13' }).first().click();
    await page.waitForSelector('.product h1');
    assert.match(await page.textContent('.product h1'), /model 13/);
    // From any page the box leads back to the shop.
    await type(page, 'kett');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.card mark');
    assert.equal(await page.locator('.suggest').isVisible(), false);
    assert.equal(await page.inputValue(input), 'kett');
  }));

test('suggestions by keyboard: arrows go round, Enter takes, Escape closes and then clears', () =>
  withPage({}, async (page) => {
    await goShop(page);
    const key = (name) => page.keyboard.press(name);
    const box = page.locator('[role=combobox]');
    await type(page, 'ja');
    assert.equal(await box.getAttribute('aria-expanded'), 'true');
    assert.equal(await active(page), null);
    const texts = await options(page).locator('.suggestion-text').allTextContents();
    for (const text of texts) {
      await key('ArrowDown');
      assert.equal(await active(page), text);
    }
    await key('ArrowDown');
    assert.equal(await active(page), null);
    await key('ArrowUp');
    assert.equal(await active(page), texts.at(-1));
    assert.equal(await page.locator('[aria-selected=true]').count(), 1);
    await shot(page, 'suggest-keyboard');

    await key('Escape');
    assert.equal(await box.getAttribute('aria-expanded'), 'false');
    assert.equal(await box.inputValue(), 'ja');
    await key('Escape');
    assert.equal(await box.inputValue(), '');

    await page.keyboard.type('ja');
    await page.locator('.suggest mark').first().waitFor();
    await key('ArrowDown');
    const chosen = await active(page);
    await key('Enter');
    await settled(page);
    assert.match(chosen, /Jackets/);
    assert.equal(await found(page), 12);
    // The focus stays where it was, and Tab goes on to the next control.
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'combobox');
    await page.keyboard.type('ke');
    await page.locator('.suggest mark').first().waitFor();
    await key('Tab');
    assert.equal(await page.locator('.suggest').isVisible(), false);
  }));

test('a query that was asked and found something is suggested, its beginnings are not', () =>
  withPage({}, async (page) => {
    await goShop(page);
    for (let i = 0; i < 3; ++i) {
      await goShop(page);
      await page.click(input);
      await page.keyboard.type('headphones number', { delay: 30 });
      await page.keyboard.press('Enter');
      await settled(page);
    }
    await type(page, 'headphones n');
    const group = page.getByRole('group', { name: 'Popular searches' });
    await group.waitFor();
    assert.deepEqual(await group.locator('.suggestion-text').allTextContents(), ['headphones number']);
    await shot(page, 'suggest-past');
    await group.getByRole('option').first().click();
    await settled(page);
    assert.equal(await page.inputValue(input), 'headphones number');
    assert.ok((await found(page)) > 0);
  }));

test('before anything is typed the box shows where others look, and a misspelling is completed as it is meant', () =>
  withPage({}, async (page) => {
    await goShop(page);
    await page.focus(input);
    await page.waitForTimeout(300);
    assert.equal(await page.locator('.suggest').isVisible(), false);
    await page.click(input);
    await options(page).first().waitFor();
    const titles = await page.locator('.suggest-title').allTextContents();
    assert.deepEqual(titles.filter((title) => title !== 'Popular searches'), ['Categories', 'Brands']);
    assert.ok((await options(page).count()) <= 9);
    await shot(page, 'suggest-empty');
    await page.keyboard.type('jakc');
    await page.waitForSelector('.suggest-meant');
    assert.match(await page.textContent('.suggest-meant'), /Suggestions for jack/);
    await options(page).filter({ hasText: 'Jackets' }).waitFor();
    await shot(page, 'suggest-meant');
  }));

test('no letter is lost, however fast they come, and the address still rules the box', () =>
  withPage({}, async (page) => {
    await goShop(page, '?q=jacket');
    assert.equal(await page.inputValue(input), 'jacket');
    for (const [i, delay] of [0, 5, 15, 30, 45, 60, 75, 90].entries()) {
      const text = `headphones model number ${i}`;
      await page.fill(input, '');
      await page.click(input);
      await page.keyboard.type(text, { delay });
      await settled(page);
      assert.equal(await page.inputValue(input), text);
    }
    await page.waitForURL(/number/);
    await page.keyboard.press('Tab');
    await page.goBack();
    await page.waitForFunction(() => !document.querySelector('#searchbox input').value.includes('number 7'));
  }));

test('while typing goes on nothing is asked, and an old answer never replaces a newer one', () =>
  withPage({}, async (page) => {
    await goShop(page);
    const asked = [];
    await page.route('**/v1/suggest*', async (route) => {
      const q = new URL(route.request().url()).searchParams.get('q');
      asked.push(q);
      // The first one is late.
      if (q === 'h') await new Promise((done) => setTimeout(done, 1500));
      await route.continue().catch(() => {});
    });
    await page.click(input);
    await page.fill(input, 'h');
    await page.waitForTimeout(300);
    await page.keyboard.type('eadphones', { delay: 20 });
    await options(page).first().waitFor();
    await page.waitForTimeout(1500);
    assert.match(await options(page).first().textContent(), /headphones/i);
    assert.ok(asked.length <= 4, `asked for ${asked}`);
    assert.ok(asked.includes('headphones'));
  }));

test('without suggestions the search still works', () =>
  withPage({}, async (page) => {
    await page.route('**/v1/suggest*', (route) => route.fulfill({ status: 503, body: '{}' }));
    await goShop(page);
    await page.click(input);
    await page.keyboard.type('jacket');
    await page.waitForSelector('.card mark');
    await settled(page);
    assert.equal(await found(page), 12);
    assert.equal(await page.locator('.suggest').isVisible(), false);
  }, ['503']));

test('a misspelling: results for what was meant, and the way to what was typed', () =>
  withPage({}, async (page) => {
    await goShop(page, '?q=jakcet');
    await page.waitForSelector('.spelling');
    assert.match((await page.textContent('.spelling')).replaceAll(/\s+/g, ' '), /Showing results for jacket. Search instead for jakcet/);
    assert.equal(await found(page), 12);
    await shot(page, 'corrected');
    await page.getByRole('button', { name: 'jakcet' }).click();
    await page.waitForSelector('.empty');
    await settled(page);
    assert.equal(await found(page), 0);
    assert.match(await page.textContent('.spelling'), /Did you mean jacket/);
    await shot(page, 'as-written');
    // The address keeps it: over a reload, and when somebody comes back.
    await page.waitForURL(/exactly=1/);
    const asWritten = async () => {
      await page.waitForSelector('.empty');
      await settled(page);
      assert.equal(await found(page), 0);
      assert.match(page.url(), /q=jakcet&exactly=1/);
    };
    await page.reload();
    await asWritten();
    await page.fill(input, 'jakce');
    await page.keyboard.press('Tab');
    await page.waitForURL((now) => !now.search.includes('exactly'));
    assert.ok((await found(page)) > 0);
    await page.goBack();
    await asWritten();
    await page.goForward();
    await page.waitForSelector('.card mark');
    await page.goBack();
    await asWritten();
    await page.waitForSelector('.spelling-link');
    await page.getByRole('button', { name: 'jacket' }).click();
    await page.waitForSelector('.card mark');
    await settled(page);
    assert.equal(await page.inputValue(input), 'jacket');
    assert.equal(await found(page), 12);
    assert.equal(await page.locator('.spelling').count(), 0);
  }));

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
for (const colorScheme of ['light', 'dark']) {
  for (const [size, more] of [['desktop', {}], ['phone', phone]]) {
    test(`axe finds nothing in suggestions and corrections: ${colorScheme}, ${size}`, () =>
      withPage({ ...more, colorScheme }, async (page) => {
        await goShop(page);
        await type(page, 'ja');
        await page.locator('.suggestion-end.price').first().waitFor();
        await page.keyboard.press('ArrowDown');
        await page.waitForTimeout(200);
        assert.deepEqual(await violations(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${wide} px too wide`);
        await shot(page, `suggest-${colorScheme}-${size}`);
        await page.goto(`${url}/?q=jakcet`);
        await page.waitForSelector('.spelling');
        await settled(page);
        assert.deepEqual(await violations(page), []);
        await shot(page, `corrected-${colorScheme}-${size}`);
      }));
  }
}
