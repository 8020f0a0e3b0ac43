// The start script: one small file of its own that the page runs before everything else.
import { join } from 'node:path';
import { build, type Plugin } from 'vite';

const SOURCE = 'src/start/start.ts';
/** The files of the first page, which the start script asks for where it is wanted. */
const FIRST_PAGE = 'account';

/**
 * Puts `src/start/start.ts` with all that it imports into the head, as a classic script: it runs before the first
 * paint, and while the app is still on its way. Its tag names the files of the pages of an account.
 */
export function startScript(): Plugin {
  let file = '';
  let isBuild = false;
  return {
    name: 'start-script',
    configResolved({ command }) {
      isBuild = command === 'build';
    },
    async buildStart() {
      if (isBuild)
        file = this.emitFile({
          type: 'asset',
          name: 'start.js',
          source: await bundled(this.environment.config.root),
        });
    },
    generateBundle() {
      if (isBuild) file = this.getFileName(file);
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        if (bundle === undefined)
          return [{ tag: 'script', attrs: { type: 'module', src: `/${SOURCE}` }, injectTo: 'head-prepend' }];
        const wanted = Object.values(bundle).find((one) => one.type === 'chunk' && one.name === FIRST_PAGE);
        const files = wanted === undefined ? [] : [`/${wanted.fileName}`];
        return [
          {
            tag: 'script',
            attrs: { src: `/${file}`, 'data-files': files.join(' ') },
            // before the styles: a script waits for those that stand before it
            injectTo: 'head-prepend',
          },
        ];
      },
    },
  };
}

async function bundled(root: string): Promise<string> {
  const [made] = [
    await build({
      root,
      configFile: false,
      publicDir: false,
      logLevel: 'error',
      build: {
        write: false,
        target: 'es2022',
        lib: { entry: join(root, SOURCE), formats: ['iife'], name: 'start' },
      },
    }),
  ].flat();
  const code = made !== undefined && 'output' in made ? made.output[0].code : undefined;
  if (code === undefined) throw new Error(`nothing was made of ${SOURCE}`);
  return code;
}
