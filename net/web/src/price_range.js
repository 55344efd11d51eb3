// Two handles on one scale. Native sliders: the keyboard and screen readers know them.
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from './parts.js';

const kSteps = 100;
const kRestMs = 600;

// Prices lie dense below and thin above: equal steps of the root feel even.
const toPrice = (step, { min, max }) => {
  const share = step / kSteps;
  return Math.round(min + (max - min) * share * share);
};
const toStep = (price, { min, max }) =>
  max > min ? Math.round(Math.sqrt(Math.max(0, Math.min(1, (price - min) / (max - min)))) * kSteps) : 0;

export function PriceRange({ range, start, refine, format }) {
  const low = Number.isFinite(start[0]) ? toStep(start[0], range) : 0;
  const high = Number.isFinite(start[1]) ? toStep(start[1], range) : kSteps;
  const [steps, set] = useState([low, high]);
  // What the widgets draw may be late: it waits until the handles rest.
  const moved = useRef(0);
  useEffect(() => {
    let timer;
    const adopt = () => {
      const wait = moved.current + kRestMs - Date.now();
      if (wait > 0) timer = setTimeout(adopt, wait);
      else set([low, high]);
    };
    adopt();
    return () => clearTimeout(timer);
  }, [low, high]);
  if (!(range.max > range.min)) return html`<p class="muted small">All at one price.</p>`;

  const [from, to] = steps;
  const prices = [toPrice(from, range), toPrice(to, range)];
  const done = () => refine([from === 0 ? undefined : prices[0], to === kSteps ? undefined : prices[1]]);
  const handle = (which, label) => html`<input
    type="range"
    min="0"
    max=${kSteps}
    step="1"
    value=${steps[which]}
    aria-label=${label}
    aria-valuetext=${format(prices[which])}
    class=${which === 0 ? 'low' : 'high'}
    onInput=${(event) => {
      const step = Number(event.target.value);
      const next = which === 0 ? [Math.min(step, to), to] : [from, Math.max(step, from)];
      event.target.value = next[which];
      moved.current = Date.now();
      set(next);
    }}
    onChange=${done}
  />`;
  return html`<div class="range">
    <div class="range-track">
      <div class="range-fill" style=${{ left: `${from}%`, right: `${kSteps - to}%` }}></div>
      ${handle(0, 'Lowest price')} ${handle(1, 'Highest price')}
    </div>
    <div class="range-text"><output class="price-from">${format(prices[0])}</output><output class="price-to">${format(prices[1])}</output></div>
  </div>`;
}
