// Prices and stock of the products in view, asked again every few seconds.
import { useEffect, useState } from 'preact/hooks';
import { getLive } from './api.js';

const kEveryMs = 2500;
const kAtOnce = 100;

const facts = new Map(); // product id -> {price, in_stock, availability}
const watchers = new Map(); // product id -> set of callbacks
let timer = null;

async function ask() {
  timer = null;
  if (!document.hidden) {
    const ids = [...watchers.keys()].slice(0, kAtOnce);
    if (ids.length > 0) {
      const found = await getLive(ids).catch(() => null);
      // A product that is not found any more was taken out of the shop.
      for (const id of found ? ids : []) {
        const now = found.get(id) || { gone: true };
        facts.set(id, now);
        watchers.get(id)?.forEach((tell) => tell(now));
      }
    }
  }
  schedule();
}

function schedule() {
  if (timer === null && watchers.size > 0) timer = setTimeout(ask, kEveryMs);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden || timer === null) return;
  clearTimeout(timer);
  ask();
});

/** The latest facts of a product; null until some are newer than the page. */
export function useLive(id) {
  const [now, set] = useState(null);
  useEffect(() => {
    set(null);
    const mine = watchers.get(id) || new Set();
    watchers.set(id, mine.add(set));
    schedule();
    return () => {
      mine.delete(set);
      if (mine.size === 0) {
        watchers.delete(id);
        facts.delete(id);
      }
    };
  }, [id]);
  return now;
}
