import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');

/** What one bundle is made from. */
export interface BundleOptions {
  /** The file whose import starts the program. */
  readonly entry: string;
  /** The folder that holds nothing but the bundle afterwards: `main.js`, its chunks, the licenses of what was bundled, and the types. */
  readonly outdir: string;
  /** Adds the types that plugins are checked with, in `types/`: those of `@millrace/api` and what it is made of. */
  readonly types?: boolean;
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
    plugins: [httpWithoutFacade, userAgents],
  } satisfies BuildOptions;
  const { metafile, outputFiles } = await build(settings);
  const files = new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]));
  files.set(join(options.outdir, 'THIRD-PARTY-LICENSES.txt'), Buffer.from(licensesOf(Object.keys(metafile.inputs))));
  if (options.types === true) for (const [path, contents] of declarations()) files.set(join(options.outdir, 'types', path), contents);
  replaceFolder(options.outdir, files);
}

/** The declaration files of the packages that a plugin's types come from, by path below `packages`. */
function declarations(): Map<string, Buffer<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'));
  try {
    const compilerOptions = {
      emitDeclarationOnly: true,
      isolatedDeclarations: false,
      outDir: join(folder, 'types'),
      rootDir: join(root, 'packages'),
      typeRoots: [join(root, 'node_modules/@types')],
    };
    // Each file by name: what is only reached through node_modules may be taken for somebody else's and left out.
    const files = globSync(join(root, 'packages/{api,wire}/src/**/*.ts'));
    const project = join(folder, 'tsconfig.json');
    writeFileSync(project, JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, files }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    // It writes what it can: errors are for `npm run typecheck` to tell.
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
    const found = globSync('**/*.d.ts', { cwd: compilerOptions.outDir });
    if (found.length === 0) throw new Error(`there are no types of @millrace/api:\n${stdout}${stderr}`);
    return new Map(found.map((path) => [path, readFileSync(join(compilerOptions.outDir, path))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
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
 * Puts what the function UserAgent knows into the bundle: what packages/ottl/src/user-agent/definitions.ts reads from uap-core, as text that
 * is parsed when it is first needed.
 */
const userAgents: Plugin = {
  name: 'user-agents',
  setup(build) {
    const module = join(root, 'packages/ottl/src/user-agent/definitions.ts');
    build.onLoad({ filter: /[/\\]user-agent[/\\]definitions\.ts$/ }, ({ path }) =>
      path === module
        ? {
            contents: "import text from 'uap-core/regexes.yaml'; export const readDefinitions = () => JSON.parse(text);",
            resolveDir: dirname(path),
          }
        : undefined,
    );
    build.onLoad({ filter: /[/\\]uap-core[/\\]regexes\.yaml$/ }, async () => {
      const { readDefinitions } = (await import(pathToFileURL(module).href)) as { readonly readDefinitions: () => unknown };
      return { contents: JSON.stringify(readDefinitions()), loader: 'text' };
    });
  },
};

/**
 * Makes a folder hold exactly these files. What is equal stays untouched and what is new comes before the old goes, so that a program
 * that starts from the folder meanwhile finds all its chunks.
 */
function replaceFolder(folder: string, files: ReadonlyMap<string, Buffer>): void {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const old = entries.filter((entry) => entry.isFile());
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
    await bundle({
      entry: join(cli, 'src/main.ts'),
      outdir: join(cli, 'dist'),
      types: true,
      sourceMaps: process.argv.includes('--source-maps'),
    });
  } catch (error) {
    console.error(`building millrace: ${Error.isError(error) ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
