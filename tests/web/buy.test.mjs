import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, close, fillAddress, goShop, open, ordersOf, setStock, shot, stock, toCheckout, url, withPage } from './shop.mjs';

before(open);
after(close);

test('from the search to the order: the server has it, and the units are gone', () =>
  withPage({}, async (page) => {
    const was = await stock('SKU-7-M');
    await goShop(page, '?q=headphones');
    await page.fill('#searchbox input', 'model 7');
    await page.locator('.card[data-id=p-7] a').click();
    await page.waitForSelector('.product h1');
    // The size that is sold out cannot be bought, the other is chosen already.
    assert.equal(await page.getByRole('radio', { name: 'M', exact: true }).isChecked(), true);
    await page.getByRole('radio', { name: 'S' }).check({ force: true });
    assert.equal(await page.locator('#add').isDisabled(), true);
    await page.getByRole('radio', { name: 'M', exact: true }).check({ force: true });
    await page.getByRole('button', { name: 'One more' }).click();
    await shot(page, 'product');
    await page.click('#add');
    await page.waitForSelector('.toast.shown');
    assert.equal(await page.textContent('#cart-count'), '2');
    await page.click('#cart-link');
    await page.waitForSelector('.line .stock');
    assert.equal(await page.textContent('#cart-total'), '€140.00');
    await shot(page, 'cart');
    await page.reload();
    await page.click('text=Checkout');
    await fillAddress(page, 'whole@example.org');
    await shot(page, 'checkout');
    await page.click('#place-order');
    const id = await page.textContent('#order-id');
    assert.equal(await page.textContent('#order-total'), '€140.00');
    assert.equal(await page.locator('#cart-count').isHidden(), true);
    await shot(page, 'order');

    const order = await ask('GET', `/v1/orders/${id}`);
    assert.equal(order.customer.email, 'whole@example.org');
    assert.equal(order.shipping_address.city, 'Town');
    assert.deepEqual(order.lines.map(({ sku, quantity }) => [sku, quantity]), [['SKU-7-M', 2]]);
    assert.equal((await stock('SKU-7-M')).available, was.available - 2);

    await page.click('#orders-link');
    await page.locator('.line a').first().click();
    assert.equal(await page.textContent('#order-id'), id);
    // What may be done with an order is what the shop says.
    assert.deepEqual(order.allowed_actions, []);
    assert.equal(await page.locator('#order-actions').count(), 0);
    await page.route('**/v1/orders/*', async (route) => {
      const answer = await route.fetch();
      return route.fulfill({ response: answer, json: { ...(await answer.json()), allowed_actions: ['cancel', 'return'] } });
    });
    await page.reload();
    await page.waitForSelector('#order-actions');
    assert.deepEqual(await page.locator('#order-actions .tag').allTextContents(), ['Cancel', 'Return']);
  }));

test('a declined card is told, nothing is ordered, and another card goes through', () =>
  withPage({}, async (page) => {
    await toCheckout(page, 'p-3');
    await fillAddress(page, 'declined@example.org');
    await page.getByRole('radio', { name: /Declined card/ }).check();
    await page.click('#place-order');
    await page.waitForSelector('#checkout-error');
    assert.match(await page.textContent('#checkout-error'), /declined/);
    assert.equal((await ordersOf('declined@example.org')).length, 0);
    assert.equal(await page.inputValue('[name=email]'), 'declined@example.org');
    await shot(page, 'declined');
    await page.getByRole('radio', { name: /Test card/ }).check();
    await page.click('#place-order');
    await page.waitForSelector('#order-id');
    assert.equal((await ordersOf('declined@example.org')).length, 1);
  }, ['402']));

test('an answer that is lost on its way does not buy twice', () =>
  withPage({}, async (page) => {
    await toCheckout(page, 'p-4');
    await fillAddress(page, 'lost@example.org');
    let lost = 0;
    await page.route('**/v1/checkouts', async (route) => {
      if (lost++ > 1) return route.continue();
      await route.fetch();
      return route.abort('connectionreset');
    });
    await page.click('#place-order');
    const id = await page.locator('#order-id').textContent({ timeout: 15000 });
    assert.ok(lost > 2);
    assert.deepEqual((await ordersOf('lost@example.org')).map((order) => order.id), [id]);
  }, ['ERR_CONNECTION_RESET']));

test('what sold out at the last moment is named, line by line', () =>
  withPage({}, async (page) => {
    await setStock('SKU-5', 9);
    await toCheckout(page, 'p-5');
    await fillAddress(page, 'late@example.org');
    await setStock('SKU-5', 0);
    await page.click('#place-order');
    await page.waitForSelector('#checkout-error li');
    assert.match(await page.textContent('#checkout-error'), /model 5: sold out, you want 1/);
    assert.equal((await ordersOf('late@example.org')).length, 0);
    await shot(page, 'sold-out-checkout');
    await page.click('text=Back to the cart');
    await page.waitForSelector('.line.troubled');
    await page.getByRole('button', { name: /^Remove/ }).click();
    await page.waitForSelector('text=Your cart is empty');
    await setStock('SKU-5', 25);
  }, ['409']));

test('the price that is shown is the price that is paid', () =>
  withPage({}, async (page) => {
    await toCheckout(page, 'p-6');
    await fillAddress(page, 'price@example.org');
    await ask('PATCH', '/v1/products/p-6', { variants: [{ sku: 'SKU-6', price: { amount: 6900, currency: 'EUR' } }] }, { 'Content-Type': 'application/merge-patch+json' });
    await page.click('#place-order');
    await page.waitForSelector('#checkout-error');
    assert.match(await page.textContent('#checkout-error'), /price changed/i);
    await page.click('text=Back to the cart');
    await page.waitForSelector('text=The price changed from €60.00');
    await page.click('text=Checkout');
    await fillAddress(page, 'price@example.org');
    await page.click('#place-order');
    await page.waitForSelector('#order-id');
    assert.equal(await page.textContent('#order-total'), '€69.00');
  }, ['409']));

test('a whole purchase by keyboard alone', () =>
  withPage({}, async (page) => {
    const key = (name) => page.keyboard.press(name);
    /** Tabs on until the focus is on what matches; the focus must be visible all the way. */
    const tabTo = async (selector, most = 80) => {
      for (let i = 0; i < most; ++i) {
        await key('Tab');
        if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
      }
      assert.fail(`no way to ${selector} by Tab`);
    };
    await page.goto(`${url}/`);
    await page.waitForSelector('.card');
    await key('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await key('Enter');
    await key('/');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'combobox');
    await page.keyboard.type('kettle model 1');
    await page.waitForSelector('.card mark');
    await page.waitForTimeout(400);
    await tabTo('#in-stock input');
    await key('Space');
    await page.waitForTimeout(400);
    assert.equal(await page.locator('#in-stock input').isChecked(), true);
    await tabTo('.card-title a');
    await shot(page, 'keyboard-focus');
    await key('Enter');
    await page.waitForSelector('.product #add');
    await tabTo('#add');
    await key('Enter');
    await page.waitForSelector('.toast.shown');
    await page.keyboard.down('Shift');
    await tabTo('#cart-link', 40);
    await page.keyboard.up('Shift');
    await key('Enter');
    await page.waitForSelector('.line');
    await tabTo('a[href="#/checkout"]');
    await key('Enter');
    await page.waitForSelector('[name=email]');
    for (const [name, text] of [['email', 'keys@example.org'], ['name', 'K'], ['line1', 'R 1'], ['postal_code', '1'], ['city', 'T']]) {
      await tabTo(`[name=${name}]`);
      await page.keyboard.type(text);
    }
    await key('Enter');
    await page.waitForSelector('#order-id');
    assert.equal((await ordersOf('keys@example.org')).length, 1);
  }));
