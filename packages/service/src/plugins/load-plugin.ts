import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as api from '@millrace/api';
import type { Factory, FactoryEntry } from '@millrace/api';
import { componentKinds, nearest, PluginLoadError } from '@millrace/config';
import type { LoadedPlugin, Notice, Position } from '@millrace/config';
import { adoptPlugin } from './adopt-plugin.ts';
import type * as imports from './plugin-imports.ts';

/** How plugins are found and imported; whoever runs elsewhere than in Node's own module loader, as tests do, brings an `import`. */
export interface PluginLoading {
  /** What paths outside of files are relative to. */
  readonly cwd: string;
  readonly import?: (url: string) => Promise<PluginModule>;
}

/** What a plugin's file exports. */
export interface PluginModule {
  readonly [name: string]: unknown;
}

const definers = 'defineProcessor, defineReceiver, defineExporter or defineConnector';
const sourceFile = /\.[cm]?[jt]s$/;

/**
 * Loads a plugin by path or package name, as a file beside the configuration file `from` would import it. Rejects with a `PluginLoadError` that
 * says where in the plugin it fails and what would be right.
 */
export async function loadPlugin(name: string, from: string | undefined, loading: PluginLoading): Promise<LoadedPlugin> {
  const base = resolve(loading.cwd, from ?? 'configuration');
  const url = await locate(name, base);
  const factory = adoptPlugin(await importPlugin(url, loading), url);
  return { kind: factory.kind, type: factory.type, url, schema: factory, schemaPosition: positionOfText(url, 'configSchema', loading.cwd) };
}

/** The components of plugins that were checked before, perhaps in another thread. */
export async function pluginComponents(urls: readonly string[], loading: PluginLoading): Promise<FactoryEntry[]> {
  return Promise.all(
    urls.map(async (url) => {
      const factory = adoptPlugin(await importPlugin(url, loading), url);
      return { kind: factory.kind, type: factory.type, load: async () => ({ factory }) };
    }),
  );
}

/** Loaded on demand: it changes how modules are resolved. */
const pluginImports = (): Promise<typeof imports> => import('./plugin-imports.ts');

/** The modification times of the files that were imported first: Node imports a URL once, so what changed since needs another one. */
const importedVersions = new Map<string, number>();

/** The URL of the plugin's code. */
async function locate(name: string, base: string): Promise<string> {
  if (!/^(?:\.{0,2}\/|file:)/.test(name)) return locatePackage(name, base);
  const path = name.startsWith('file:') ? fileURLToPath(name) : resolve(dirname(base), name);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) throw new PluginLoadError(`there is no file ${path}`, suggestFile(name, path));
  const { href } = pathToFileURL(path);
  const first = importedVersions.get(href);
  if (first === undefined) importedVersions.set(href, stats.mtimeMs);
  return first === undefined || first === stats.mtimeMs ? href : `${href}?version=${stats.mtimeMs}`;
}

async function locatePackage(name: string, base: string): Promise<string> {
  try {
    return (await pluginImports()).resolveFrom(name, pathToFileURL(base).href);
  } catch (error) {
    const isFile = sourceFile.test(name) && existsSync(resolve(dirname(base), name));
    const expected = `a path such as ./tenant-tier.ts, or a package that is installed where ${dirname(base)} finds it`;
    throw new PluginLoadError((error as Error).message, { expected, ...(isFile && { suggestion: `./${name}` }) });
  }
}

function suggestFile(name: string, path: string): Partial<Notice> {
  const folder = dirname(path);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => sourceFile.test(file)) : [];
  const near = nearest(basename(path), files);
  return near === undefined
    ? { expected: 'a TypeScript or JavaScript file' }
    : { suggestion: join(dirname(name), near).replace(/^(?![./])/, './') };
}

async function importPlugin(url: string, loading: PluginLoading): Promise<Factory> {
  let module: PluginModule;
  try {
    module = loading.import === undefined ? await (await pluginImports()).importFrom(url, url) : await loading.import(url);
  } catch (error) {
    throw failure(error, url, loading.cwd);
  }
  const factory = module['default'];
  if (isFactory(factory)) return factory;
  const names = Object.keys(module);
  const almost = names.find((name) => isFactory(module[name]));
  const found =
    factory !== undefined
      ? 'its default export is no component'
      : almost === undefined
        ? 'it has no default export'
        : `it exports its component as "${almost}"`;
  const at = positionOfText(url, factory !== undefined ? 'export default' : 'export', loading.cwd);
  throw new PluginLoadError(found, { ...at, expected: `export default with what ${definers} returns` });
}

function isFactory(value: unknown): value is Factory {
  const { kind, type } = Object(value) as { kind?: unknown; type?: unknown };
  return typeof type === 'string' && componentKinds.some((known) => known === kind);
}

/** What an import threw, with the place in the plugin's file. */
function failure(error: unknown, url: string, cwd: string): PluginLoadError {
  const { message = String(error), stack = '', name = '', code } = Object(error) as Partial<Error> & { code?: string };
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
    return new PluginLoadError('a package must contain JavaScript: Node.js does not strip types below node_modules');
  const at = positionInStack(stack, url, cwd) ?? positionOfSyntaxError(url, name, cwd);
  const { found, known } = Object(error) as { found?: string; known?: readonly string[] };
  const [, missing] = /does not provide an export named '(\w+)'/.exec(message) ?? [];
  const wrong = found ?? missing;
  const names = known ?? Object.keys(api);
  const suggestion = wrong === undefined ? undefined : nearest(wrong, names);
  const says = code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ? `${message} (only types that can be erased run as they are)` : message;
  return new PluginLoadError(name === 'PluginError' ? says : `${name === '' ? 'Error' : name}: ${says}`, {
    ...at,
    ...(found !== undefined && names.length > 0 && { expected: `one of: ${[...names].sort().join(', ')}` }),
    ...(suggestion !== undefined && { suggestion }),
  });
}

/** The topmost place in the plugin's own file, from a stack trace or from the excerpt with a caret that stands before it. */
function positionInStack(stack: string, url: string, cwd: string): Position | undefined {
  const names = url.startsWith('file:') ? [url, fileURLToPath(url)] : [url];
  const escaped = `(?:${names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`;
  const excerpt = new RegExp(`^${escaped}:(\\d+)\n([^]*?)^( *)\\^`, 'm').exec(stack);
  if (excerpt !== null) return { file: shownFile(url, cwd), line: Number(excerpt[1]), column: excerpt[3]!.length + 1 };
  const frame = new RegExp(`${escaped}:(\\d+):(\\d+)`).exec(stack);
  return frame === null ? undefined : { file: shownFile(url, cwd), line: Number(frame[1]), column: Number(frame[2]) };
}

/** V8 keeps the place of a syntax error in JavaScript to itself; the stripper of types tells it. */
function positionOfSyntaxError(url: string, name: string, cwd: string): Position | undefined {
  if (name !== 'SyntaxError' || !url.startsWith('file:')) return undefined;
  try {
    stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'), { sourceUrl: url });
  } catch (error) {
    return positionInStack(String((error as Error).stack), url, cwd);
  }
  return undefined;
}

/** Where a text stands first in a file, its beginning when it does not; undefined when there is no such file. */
function positionOfText(url: string, text: string, cwd: string): Position | undefined {
  if (!url.startsWith('file:') || !existsSync(fileURLToPath(url))) return undefined;
  const source = readFileSync(fileURLToPath(url), 'utf8');
  const before = source.slice(0, Math.max(source.indexOf(text), 0)).split('\n');
  return { file: shownFile(url, cwd), line: before.length, column: before.at(-1)!.length + 1 };
}

function shownFile(url: string, cwd: string): string {
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  const short = relative(cwd, path);
  return short.startsWith('..') ? path : short;
}
