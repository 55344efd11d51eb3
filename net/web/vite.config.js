import { defineConfig } from 'vite';

export default defineConfig({
  // typesense and instantsearch.js ask for Node's globals in a few places.
  define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
  build: {
    target: 'es2020',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
});
