// `npm start`: installs what is missing, builds what is stale, and becomes the gateway.
import { installMissing, requireNode } from './install.mjs';

requireNode();
await installMissing();
const { build } = await import('./build.mjs');
await build({ runOnly: true });

const main = new URL('../dist/main.js', import.meta.url);
process.env.KEYPORTER_NPM_START = '1';
process.argv = [process.argv[0], main.pathname, 'serve', ...process.argv.slice(2)];
await import(main.href);
