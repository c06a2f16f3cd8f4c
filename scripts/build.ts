import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');

/** What one bundle is made from. */
export interface BundleOptions {
  /** The file whose import starts the program. */
  readonly entry: string;
  /** The folder that holds nothing but the bundle afterwards: `main.js`, its chunks and the licenses of what was bundled. */
  readonly outdir: string;
  /** Writes source maps beside the files (`node --enable-source-maps` reads them). */
  readonly sourceMaps?: boolean;
  /** Files that stand in for packages: another list of components makes another distribution. */
  readonly alias?: Readonly<Record<string, string>>;
}

/**
 * Bundles `entry` into `outdir`. What the entry imports dynamically lands in chunks of its own, so a component's code is read only when a
 * configuration names it. Throws an Error that says what is missing, or what does not compile.
 */
export async function bundle(options: BundleOptions): Promise<void> {
  if (!existsSync(options.entry)) throw new Error(`the entry ${relative(root, options.entry)} does not exist`);
  const { build } = await import('esbuild').catch((cause: unknown) => {
    throw new Error('esbuild is not installed: run `npm ci` with its development dependencies and install scripts', { cause });
  });
  const settings = {
    absWorkingDir: root,
    entryPoints: { main: options.entry },
    outdir: options.outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['@millrace/source'],
    chunkNames: 'chunks/[name]-[hash]',
    // CommonJS dependencies call require() for Node's own modules, which an ES module does not have.
    banner: {
      js: "// millrace, Apache-2.0\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    sourcemap: options.sourceMaps ?? false,
    alias: { ...options.alias },
    logLevel: 'warning',
    write: false,
    plugins: [httpWithoutFacade],
  } satisfies BuildOptions;
  const { metafile, outputFiles } = await build(settings);
  const files = new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]));
  files.set(join(options.outdir, 'THIRD-PARTY-LICENSES.txt'), Buffer.from(licensesOf(Object.keys(metafile.inputs))));
  replaceFolder(options.outdir, files);
}

/**
 * Takes node:http and node:https with `getBuiltinModule`. An import statement reads every export of a built-in module, and http's include
 * WebSocket, whose getter loads all of Node's own undici: 20 ms and 5 MiB for nothing.
 */
const httpWithoutFacade: Plugin = {
  name: 'http-without-facade',
  setup(build) {
    build.onResolve({ filter: /^node:https?$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'built-in' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
    }));
  },
};

/**
 * Makes a folder hold exactly these files. What is equal stays untouched and what is new comes before the old goes, so that a program
 * that starts from the folder meanwhile finds all its chunks.
 */
function replaceFolder(folder: string, files: ReadonlyMap<string, Buffer>): void {
  const old = globSync('**', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const [path, contents] of files) {
    if (existsSync(path) && readFileSync(path).equals(contents)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
  for (const { parentPath, name } of old) if (!files.has(join(parentPath, name))) rmSync(join(parentPath, name));
}

/** The license texts of the npm packages that the given files (relative to the repository) belong to. */
function licensesOf(inputs: readonly string[]): string {
  const folders = new Set<string>();
  for (const input of inputs) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders]
    .sort()
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<string, unknown>;
      const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license']
        .map((name) => join(root, folder, name))
        .find((path) => existsSync(path));
      const text = file === undefined ? String(manifest['license']) : readFileSync(file, 'utf8').trim();
      return `${String(manifest['name'])} ${String(manifest['version'])}\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

if (import.meta.main) {
  const cli = join(root, 'packages/cli');
  try {
    await bundle({ entry: join(cli, 'src/main.ts'), outdir: join(cli, 'dist'), sourceMaps: process.argv.includes('--source-maps') });
  } catch (error) {
    console.error(`building millrace: ${Error.isError(error) ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
