import { fileURLToPath } from 'node:url';
import { DEFAULT_THEME, convertCssVariables, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { theme } from './src/theme.js';

/** The gateway that answers the admin API while `vite` serves the pages: `KEYPORTER_URL=... npx vite ui`. */
const GATEWAY_URL = process.env.KEYPORTER_URL ?? 'http://127.0.0.1:5390';

// The rule against default exports has this one exception: Vite reads its configuration so.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/ui/',
  plugins: [react(), themeVariables()],
  server: { proxy: { '/admin': { target: GATEWAY_URL }, '/v1': { target: GATEWAY_URL } } },
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    // The first that know light-dark().
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // Small files as data: URLs would need wider rules for fonts and images than `'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'chart', test: /node_modules\/uplot\// },
          ],
        },
      },
    },
  },
});

/**
 * Mantine writes the variables of its theme into a <style> when a page starts, which the content
 * security policy forbids. Here they become a file when the pages are built.
 */
function themeVariables(): Plugin {
  const name = 'virtual:theme.css';
  return {
    name: 'theme-variables',
    resolveId: (source) => (source === name ? `\0${name}` : null),
    load: (id) =>
      id === `\0${name}`
        ? convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme)))
        : null,
  };
}
