// The styles of Mantine that the console uses: each comes with its component, in the chunk where that is.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const STYLES = join(dirname(fileURLToPath(import.meta.resolve('@mantine/core/styles.css'))), 'styles');
/** What every component stands on; `styles.layer.css` is that and all the components'. */
const GROUND = ['baseline', 'default-css-variables', 'global'];

const fileOf = (name: string) => join(STYLES, `${name}.layer.css`);

/**
 * In a build, `@mantine/core/styles.layer.css` is only the ground, and the file in which a component names its classes
 * brings their styles along: a component comes after those that it is made of, which is the order they are written for.
 */
export function usedStyles(): Plugin {
  return {
    name: 'used-styles',
    apply: 'build',
    enforce: 'pre',
    transform: {
      filter: { id: [/@mantine\/core\/styles\.layer\.css$/, /@mantine\/core\/esm\/.*\.module\.mjs$/] },
      handler(code, id) {
        if (id.endsWith('.css')) return GROUND.map((name) => readFileSync(fileOf(name), 'utf8')).join('\n');
        const styles = fileOf(basename(id, '.module.mjs'));
        return existsSync(styles) ? { code: `import '${styles}';\n${code}`, map: null } : undefined;
      },
    },
  };
}
