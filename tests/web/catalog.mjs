// A small shop whose answers can be worked out by hand.

const brands = ['Acme', 'Birch & Sons', 'Corda', 'Dune'];
const kinds = [
  ['jacket', 'Clothing > Jackets'],
  ['kettle', 'Kitchen > Coffee'],
  ['headphones', 'Electronics > Headphones'],
];

export const evil = `<img src=x onerror="window.hacked=1"><b id="planted">Evil</b>`;

/** 36 products: price 10.00 to 360.00, every ninth sold out, ratings 1 to 5. */
export function catalog() {
  const products = [];
  for (let i = 1; i <= 36; ++i) {
    const [kind, category] = kinds[i % 3];
    const sku = `SKU-${i}`;
    const price = { amount: i * 1000, currency: 'EUR' };
    const stock = i % 9 === 0 ? 0 : 20 + i;
    products.push({
      id: `p-${i}`,
      title: `${brands[i % 4].split(' ')[0]} ${kind} model ${i}`,
      description: `A ${kind} for every day, number ${i}.`,
      brand: brands[i % 4],
      categories: [category],
      attributes: { material: i % 2 ? 'steel' : 'cotton', weight_g: 100 + i },
      rating: 1 + (i % 5),
      rating_count: 10 * i,
      popularity: 100 - i,
      variants:
        i % 6 === 1
          ? ['S', 'M'].map((size) => ({ sku: `${sku}-${size}`, options: { size }, price, stock: size === 'S' ? 0 : stock }))
          : [{ sku, options: {}, price, stock }],
    });
  }
  products.push({
    id: 'evil',
    title: `Mug ${evil}`,
    description: `${evil} </script><script>window.hacked=1</script>`,
    brand: `"><svg onload="window.hacked=1">`,
    categories: [`Kitchen > ${evil}`],
    attributes: { [`<i id="planted2">x`]: evil },
    images: ['javascript:window.hacked=1', `https://x.invalid/"onerror="window.hacked=1`],
    variants: [{ sku: 'EVIL', options: { glaze: evil }, price: { amount: 999, currency: 'EUR' }, stock: 5 }],
  });
  return products;
}
