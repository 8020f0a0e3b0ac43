// How the console is built: static files for the API to serve, split so that a page loads only what it shows.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const API = process.env['COFFER_API'] ?? 'http://localhost:8080';

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 700, reportCompressedSize: true },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/v1', '/api', '/billing', '/problems'].map((path) => [path, { target: API }]),
    ),
  },
});
