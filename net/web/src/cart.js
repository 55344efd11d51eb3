// What the shopper wants and has bought, kept in this browser.

const kCart = 'souk.cart';
const kOrders = 'souk.orders';
const listeners = new Set();

function load(name) {
  try {
    const list = JSON.parse(localStorage.getItem(name) || '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function save(name, list) {
  try {
    localStorage.setItem(name, JSON.stringify(list));
  } catch {
    // A browser that keeps nothing still shows the cart until the page is left.
  }
}

let lines = load(kCart).filter((line) => line && line.sku && line.quantity > 0);

export const cart = {
  lines: () => lines,
  units: () => lines.reduce((sum, line) => sum + line.quantity, 0),
  onChange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  add(line, quantity) {
    const known = lines.find((each) => each.sku === line.sku);
    if (known) cart.set(line.sku, { ...line, quantity: known.quantity + quantity });
    else put([...lines, { ...line, quantity }]);
  },
  set(sku, change) {
    put(lines.map((line) => (line.sku === sku ? { ...line, ...change } : line)));
  },
  remove(sku) {
    put(lines.filter((line) => line.sku !== sku));
  },
  clear() {
    put([]);
  },
};

function put(next) {
  lines = next;
  save(kCart, lines);
  listeners.forEach((listener) => listener());
}

// Another tab changed the cart.
window.addEventListener('storage', (event) => {
  if (event.key !== kCart) return;
  lines = load(kCart);
  listeners.forEach((listener) => listener());
});

export const orders = {
  list: () => load(kOrders),
  find: (id) => load(kOrders).find((order) => order.id === id),
  keep(order) {
    const list = load(kOrders);
    const known = list.some((each) => each.id === order.id);
    save(kOrders, known ? list.map((each) => (each.id === order.id ? order : each)) : [order, ...list].slice(0, 50));
  },
};
