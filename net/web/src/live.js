// Prices and stock of the products in view, as the shop tells of them at each commit. Where it does
// not tell, it is asked every few seconds. Nothing is open while the page is not looked at.
import { useEffect, useRef, useState } from 'preact/hooks';
import { followLive, getFacts } from './api.js';
import { money } from './money.js';

const kPollMs = 2500;
const kGatherMs = 150; // a page of hits comes and goes as one
const kAgainMs = [1000, 5000, 30_000];
const kSteadyMs = 10_000; // a stream that held so long was not refused
const kAtOnce = 100;
const kFlashMs = 2400;
const kSayMs = 900;
const kSayMost = 3;

const facts = new Map(); // product id -> {price, in_stock, availability, gone}
const watchers = new Map(); // product id -> set of callbacks
let followed = ''; // the ids the stream is about
let stream = null; // AbortController of the stream
let telling = false; // the stream has told where it begins
let gather = null;
let poll = null;
let failures = 0;

/** Whether changes are told at once; else they are found by asking. */
export const isTold = () => telling;

function tell(id, now) {
  facts.set(id, now);
  watchers.get(id)?.forEach((watcher) => watcher(now));
}

/** All that is known of `ids`; what is not among them was taken out of the shop. */
function tellAll(ids, found) {
  for (const id of ids) tell(id, found.get(id) || { gone: true });
}

function stop() {
  clearTimeout(gather);
  clearTimeout(poll);
  stream?.abort();
  stream = gather = poll = null;
  followed = '';
  telling = false;
}

async function ask() {
  const ids = [...watchers.keys()].slice(0, kAtOnce);
  const found = ids.length > 0 ? await getFacts(ids).catch(() => null) : null;
  if (found && !telling) tellAll(ids, found);
  if (!telling && !document.hidden && watchers.size > 0) {
    clearTimeout(poll);
    poll = setTimeout(ask, kPollMs);
  }
}

async function follow() {
  gather = null;
  const ids = [...watchers.keys()].sort().slice(0, kAtOnce);
  if (ids.join('\n') === followed && stream) return;
  stop();
  if (ids.length === 0 || document.hidden) return;
  followed = ids.join('\n');
  const mine = (stream = new AbortController());
  const begun = Date.now();
  await followLive(ids, mine.signal, (event, data) => {
    if (mine !== stream) return;
    if (event === 'snapshot' || event === 'resync') {
      telling = true;
      clearTimeout(poll);
      if (data.coverage.missing.length > 0)
        data.hits.forEach(({ document: now }) => tell(now.id, now));
      else tellAll(ids, new Map(data.hits.map(({ document: now }) => [now.id, now])));
    } else if (event === 'upsert') {
      tell(data.hit.document.id, data.hit.document);
    } else if (event === 'remove') {
      tell(data.id, { gone: true });
    }
  }).catch(() => {});
  if (mine !== stream) return;
  // It is not there, or was cut: the shop is asked until it is there again.
  failures = telling && Date.now() - begun > kSteadyMs ? 0 : failures + 1;
  stream = null;
  telling = false;
  ask();
  gather = setTimeout(follow, kAgainMs[Math.min(failures, kAgainMs.length) - 1] || 0);
}

function schedule() {
  clearTimeout(gather);
  gather = document.hidden ? null : setTimeout(follow, kGatherMs);
}

document.addEventListener('visibilitychange', () => (document.hidden ? stop() : schedule()));
window.addEventListener('pagehide', stop);
window.addEventListener('pageshow', schedule);

/** Calls `watcher` with each newer state of a product. Returns what ends it. */
export function watch(id, watcher) {
  const mine = watchers.get(id) || new Set();
  watchers.set(id, mine.add(watcher));
  schedule();
  return () => {
    mine.delete(watcher);
    if (mine.size > 0) return;
    watchers.delete(id);
    facts.delete(id);
    schedule();
  };
}

/** The latest facts of a product; null until some are newer than the page. */
export function useLive(id) {
  const [now, set] = useState(null);
  useEffect(() => {
    set(facts.get(id) || null);
    return watch(id, set);
  }, [id]);
  return now;
}

/** True for a moment after `value` of the same `thing` changed. */
export function useFlash(value, thing = '') {
  const was = useRef({ value, thing });
  const [flash, set] = useState(false);
  useEffect(() => {
    const before = was.current;
    was.current = { value, thing };
    set(before.thing === thing && before.value !== value);
    const timer = setTimeout(() => set(false), kFlashMs);
    return () => clearTimeout(timer);
  }, [value, thing]);
  return flash;
}

const news = new Map(); // title -> what changed
let saying = null;

/** Tells those who listen to the page, in one breath with what else changes. */
export function say(title, text) {
  news.set(title, text);
  clearTimeout(saying);
  saying = setTimeout(() => {
    const lines = [...news].slice(0, kSayMost).map(([name, what]) => `${name}: ${what}.`);
    if (news.size > kSayMost) lines.push(`${news.size - kSayMost} more changed.`);
    news.clear();
    document.querySelector('#news').textContent = lines.join(' ');
  }, kSayMs);
}

const kFew = 5;
const stockText = (available) =>
  available <= 0 ? 'sold out' : available <= kFew ? `only ${available} left` : 'in stock';

/** Says what changed of a product in view: its price, and stock where it matters (if known). */
export function useNews(title, price, available) {
  const was = useRef(null);
  const level = available === undefined ? '' : stockText(available);
  useEffect(() => {
    if (!level) return;
    const before = was.current;
    was.current = { title, amount: price.amount, level };
    if (!before || before.title !== title) return;
    const parts = [];
    if (before.amount !== price.amount) parts.push(`now ${money(price.amount, price.currency)}`);
    if (before.level !== level) parts.push(level);
    if (parts.length > 0) say(title, parts.join(', '));
  }, [title, price.amount, level]);
}
