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
  /** Adds the types of these packages, in `types/<package>/src/`. */
  readonly types?: readonly string[];
  /** Packages that are not bundled: who installs the bundle has them. `*` stands for any text. */
  readonly external?: readonly string[];
  /** Writes source maps beside the files (`node --enable-source-maps` reads them). */
  readonly sourceMaps?: boolean;
  /**
   * Puts all that the entry needs at once, and nothing else of the packages it comes from, into one chunk: reading thirty files takes longer than
   * running them. The entry must not wait for what it imports dynamically while it is loaded itself.
   */
  readonly oneChunk?: boolean;
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
    external: [...(options.external ?? [])],
    logLevel: 'warning',
    write: false,
    plugins: [httpWithoutFacade, userAgents, prices, ...(options.oneChunk === true ? [oneChunk(options.entry), directImports] : [])],
  } satisfies BuildOptions;
  const { metafile, outputFiles } = await build(settings);
  const files = new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]));
  files.set(join(options.outdir, 'THIRD-PARTY-LICENSES.txt'), Buffer.from(licensesOf(Object.keys(metafile.inputs))));
  const { types } = options;
  if (types !== undefined) for (const [path, contents] of declarations(types)) files.set(join(options.outdir, 'types', path), contents);
  replaceFolder(options.outdir, files);
}

/** The declaration files of packages, by path below `packages`. They find each other by relative paths. */
function declarations(packages: readonly string[]): Map<string, Buffer<ArrayBuffer>> {
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
    const files = packages.flatMap((name) => globSync(join(root, 'packages', name, 'src/**/*.ts')));
    const project = join(folder, 'tsconfig.json');
    writeFileSync(project, JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, files }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    // It writes what it can: errors are for `npm run typecheck` to tell.
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
    const found = globSync('**/*.d.ts', { cwd: compilerOptions.outDir });
    if (found.length === 0) throw new Error(`there are no types of ${packages.join(', ')}:\n${stdout}${stderr}`);
    return new Map(
      found.map((path) => [path, Buffer.from(relativeImports(readFileSync(join(compilerOptions.outDir, path), 'utf8'), path))]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A declaration file, at a path below `packages`, whose imports of our packages lead to the files beside it. */
function relativeImports(text: string, path: string): string {
  return text.replaceAll(/(['"])@millrace\/([\w-]+)\1/g, (_, quote: string, name: string) => {
    return `${quote}${relative(dirname(path), join(name, 'src/index.js'))}${quote}`;
  });
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
 * Puts the catalogue of prices into the bundle as text, without what prices do not need: the code of @pydantic/genai-prices takes 50 ms and
 * 20 MiB to load, its data 2 ms.
 */
const prices: Plugin = {
  name: 'prices',
  setup(build) {
    const module = join(root, 'packages/genai/src/prices/read-catalog.ts');
    build.onLoad({ filter: /[/\\]prices[/\\]read-catalog\.ts$/ }, ({ path }) =>
      path === module
        ? {
            contents: "export const readCatalog = async () => JSON.parse((await import('@pydantic/genai-prices')).default);",
            resolveDir: dirname(path),
          }
        : undefined,
    );
    build.onLoad({ filter: /[/\\]@pydantic[/\\]genai-prices[/\\]dist[/\\]index\.js$/ }, async () => {
      const { readCatalog } = (await import(pathToFileURL(module).href)) as { readonly readCatalog: () => Promise<unknown> };
      return { contents: JSON.stringify(await readCatalog()), loader: 'text' };
    });
  },
};

/**
 * Imports what a package re-exports from the file that has it. A chunk holds everything that an index leads to: through it, who needs a duration
 * would load a YAML parser.
 */
const directImports: Plugin = {
  name: 'direct-imports',
  setup(build) {
    const indexes = new Map<string, ReadonlyMap<string, string>>();
    const exportsOf = (name: string): ReadonlyMap<string, string> => {
      let found = indexes.get(name);
      if (found === undefined) indexes.set(name, (found = readIndex(join(root, 'packages', name, 'src'))));
      return found;
    };
    build.onLoad({ filter: /[/\\]packages[/\\][\w-]+[/\\]src[/\\].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        /^import \{([^}]*)\} from '@millrace\/([\w-]+)';/gm,
        (statement, names: string, name: string) => {
          const files = names
            .split(',')
            .map((one) => one.trim())
            .filter((one) => one !== '' && !one.startsWith('type '))
            .map((one) => ({ one, file: exportsOf(name).get(one.split(' as ')[0]!) }));
          if (files.some(({ file }) => file === undefined)) return statement;
          return files.map(({ one, file }) => `import { ${one} } from ${JSON.stringify(file)};`).join('');
        },
      ),
      loader: 'ts',
    }));
  },
};

/**
 * What is imported dynamically imports the entry, which is there already. A module lands in the chunk of all the ways that lead to it: so
 * all ways lead to whatever the entry needs, instead of some to each part.
 */
function oneChunk(entry: string): Plugin {
  return {
    name: 'one-chunk',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async ({ path, kind, pluginData, ...from }) => {
        if (kind !== 'dynamic-import' || pluginData === 'resolved') return undefined;
        const found = await build.resolve(path, { ...from, kind, pluginData: 'resolved' });
        return /[/\\]packages[/\\][\w-]+[/\\]src[/\\].*\.ts$/.test(found.path) ? { ...found, namespace: 'with-entry' } : found;
      });
      build.onLoad({ filter: /.*/, namespace: 'with-entry' }, ({ path }) => ({
        contents: `import ${JSON.stringify(entry)}; export * from ${JSON.stringify(path)};`,
        resolveDir: dirname(path),
      }));
    },
  };
}

/** Where the index of a folder has each of its names from. */
function readIndex(folder: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(folder, 'index.ts'), 'utf8');
  const statements = [...text.matchAll(/^export \{([^}]*)\} from '(\.\/[^']*)';/gm)];
  const names = statements.flatMap(([, list, file]) => list!.split(',').map((one) => [one.trim(), join(folder, file!)] as const));
  return new Map(names.filter(([name]) => /^\w+$/.test(name)));
}

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
  const [cli, sdk] = [join(root, 'packages/cli'), join(root, 'packages/sdk')];
  const sourceMaps = process.argv.includes('--source-maps');
  try {
    await bundle({ entry: join(cli, 'src/main.ts'), outdir: join(cli, 'dist'), types: ['api', 'wire'], sourceMaps });
    await bundle({
      entry: join(sdk, 'src/index.ts'),
      outdir: join(sdk, 'dist'),
      types: ['sdk', 'receiver-sdk', 'genai', 'instruments', 'timeseries', 'prometheus-format', 'api', 'wire'],
      // An application has one copy of OpenTelemetry, which the SDK is to meet there.
      external: ['@opentelemetry/*'],
      oneChunk: true,
      sourceMaps,
    });
  } catch (error) {
    console.error(`building millrace: ${Error.isError(error) ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
