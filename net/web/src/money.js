// Money as the API has it: whole minor units and a currency.

const formats = new Map();

function format(currency) {
  let found = formats.get(currency);
  if (!found) {
    try {
      found = new Intl.NumberFormat(navigator.language, { style: 'currency', currency });
    } catch {
      found = new Intl.NumberFormat(navigator.language, { style: 'currency', currency: 'EUR' });
    }
    formats.set(currency, found);
  }
  return found;
}

export const digits = (currency) => format(currency).resolvedOptions().maximumFractionDigits;

export const money = (amount, currency) => format(currency).format(amount / 10 ** digits(currency));

/** "€1,234": for scales, where cents only distract. */
export function roundMoney(amount, currency) {
  const text = format(currency).formatToParts(Math.round(amount / 10 ** digits(currency)));
  return text
    .filter((part) => part.type !== 'decimal' && part.type !== 'fraction')
    .map((part) => part.value)
    .join('');
}
