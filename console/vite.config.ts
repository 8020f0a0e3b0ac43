// How the console is built: static files for the API to serve, split so that a page loads only what it shows.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { startScript } from './build/start-script.ts';
import { usedStyles } from './build/used-styles.ts';

const API = process.env['COFFER_API'] ?? 'http://localhost:8080';

/** Dozens of small files cost a slow device more than a few bytes that this or that page has no use for. */
const FEW_FILES = [
  { name: 'base', tags: ['$initial' as const], priority: 1 },
  // whoever signs in is there next
  { name: 'account', test: /console\/src\/(frame\/Frame|pages\/Billing)\.tsx$/ },
];

export default defineConfig({
  plugins: [react(), usedStyles(), startScript()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: FEW_FILES } } },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/v1', '/api', '/billing', '/problems'].map((path) => [path, { target: API }]),
    ),
  },
});
