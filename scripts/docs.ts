import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pricesSchema } from '@millrace/genai';
import type { Factory, FactoryEntry } from '@millrace/api';
import { components, unsupportedHints } from '@millrace/distribution';
import { genaiMetricsTable } from './genai-metrics-table.ts';
import { ownMetricsTable } from './own-metrics-table.ts';

/** The part of a JSON Schema that the tables show. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly 'x-unsupported'?: string;
  readonly 'x-deprecated'?: string;
  readonly 'x-secret'?: boolean;
  readonly 'x-described-in'?: string;
}

const root = join(import.meta.dirname, '..');

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.format === 'duration') return 'duration';
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'values' : typeOf(schema.items)}`;
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
}

/** Settings that several components share have their table in one place, and links to it. */
function rows(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = path === '' ? name : `${path}.${name}`;
    const notes = [
      property.description ?? '',
      property['x-secret'] === true ? 'Never printed.' : '',
      property['x-deprecated'] === undefined ? '' : `Deprecated: ${property['x-deprecated']}.`,
      property['x-unsupported'] === undefined ? '' : `Not supported: ${property['x-unsupported']}.`,
    ];
    const shown = property.default === undefined || property.properties !== undefined ? '' : `\`${JSON.stringify(property.default)}\``;
    const text = notes.filter(Boolean).join(' ').replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('..', '.');
    const place = property['x-described-in'];
    const link = place === undefined ? '' : ` [Its settings](../${place}).`;
    const row = `| \`${key}\` | ${typeOf(property)} | ${shown} | ${text}${link} |`;
    if (property['x-unsupported'] !== undefined || property['x-described-in'] !== undefined) return [row];
    return [row, ...rows(property, key), ...(property.items === undefined ? [] : rows(property.items, `${key}[]`))];
  });
}

function table(schema: Schema = {}, path = ''): string {
  const lines = rows(schema, path);
  if (lines.length === 0) return 'No settings.';
  return ['| setting | type | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** The folder of the package that an entry loads. */
function folderOf(entry: FactoryEntry): string {
  const name = /@millrace\/([a-z0-9-]+)/.exec(entry.load.toString())?.[1];
  if (name === undefined) throw new Error(`${entry.kind} ${entry.type} is not loaded from a package of its own`);
  return join(root, 'packages', name);
}

function verdictOf(schema: Schema): string {
  if (schema['x-unsupported'] !== undefined) return `unsupported: ${schema['x-unsupported']}`;
  return schema['x-deprecated'] === undefined ? 'accepted' : `accepted with a warning: ${schema['x-deprecated']}`;
}

/** Every setting with its verdict. */
function verdicts(schema: Schema, path: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = path === '' ? name : `${path}.${name}`;
    const row = `| \`${key}\` | ${verdictOf(property).replaceAll('|', '\\|').replaceAll('\n', ' ')} |`;
    const ends = property['x-unsupported'] !== undefined || property['x-described-in'] !== undefined;
    return [row, ...(ends ? [] : verdicts(property, key))];
  });
  return schema.items === undefined ? own : [...own, ...verdicts(schema.items, `${path}[]`)];
}

/** The generated part of docs/compatibility.md. */
function compatibility(factories: ReadonlyMap<FactoryEntry, Factory>): string {
  const lines: string[] = [];
  for (const kind of ['receiver', 'processor', 'exporter', 'connector', 'extension'] as const) {
    const own = [...factories].filter(([entry]) => entry.kind === kind).sort(([a], [b]) => (a.type < b.type ? -1 : 1));
    lines.push(`### ${kind[0].toUpperCase()}${kind.slice(1)}s`, '', '| component | older name | verdict |', '| --- | --- | --- |');
    for (const [entry] of own)
      lines.push(`| \`${entry.type}\` | ${(entry.aliases ?? []).map((alias) => `\`${alias}\``).join(', ')} | accepted |`);
    for (const [type, hint] of Object.entries(unsupportedHints[kind])) lines.push(`| \`${type}\` | | unsupported: ${hint} |`);
    lines.push('');
    for (const [entry, factory] of own) {
      const settings = verdicts((factory.configSchema ?? {}) as Schema, '');
      if (settings.length === 0) continue;
      lines.push(`#### ${kind} ${entry.type}`, '', '| setting | verdict |', '| --- | --- |', ...settings, '');
    }
  }
  return lines.join('\n').trimEnd();
}

/** The components in the README: one row for each kind. */
function componentTable(): string {
  const lines = ['| | |', '| --- | --- |'];
  for (const kind of ['receiver', 'processor', 'exporter', 'connector', 'extension'] as const) {
    const own = components.filter((entry) => entry.kind === kind).sort((a, b) => (a.type < b.type ? -1 : 1));
    const names = own.map((entry) => `[\`${entry.type}\`](${relative(root, folderOf(entry))})`).join(', ');
    lines.push(`| ${kind}s | ${names}${kind === 'processor' ? ', and [your own](docs/plugins.md)' : ''} |`);
  }
  return lines.join('\n');
}

const check = process.argv.includes('--check');
let stale = 0;

/** Puts text between two markers of a file, or complains that it is not there. */
function fill(file: string, open: string, close: string, content: string): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [before, rest] = text.split(open);
  const after = rest?.split(close)[1];
  if (before === undefined || after === undefined) {
    console.error(`${file}: no ${open} ... ${close}`);
    stale++;
    return;
  }
  const wanted = `${before}${open}\n\n${content}\n\n${close}${after}`;
  if (wanted === text) return;
  stale++;
  if (check) console.error(`${file}: the tables are not those of the schemas; run npm run docs`);
  else writeFileSync(file, wanted);
}

const factories = new Map<FactoryEntry, Factory>();
for (const entry of components) factories.set(entry, (await entry.load()).factory);
for (const [entry, factory] of factories)
  fill(join(folderOf(entry), 'README.md'), '<!-- settings -->', '<!-- /settings -->', table(factory.configSchema as Schema));
fill(join(root, 'packages/genai/README.md'), '<!-- settings -->', '<!-- /settings -->', table(pricesSchema as Schema, 'prices'));
fill(join(root, 'README.md'), '<!-- components -->', '<!-- /components -->', componentTable());
fill(join(root, 'docs/compatibility.md'), '<!-- components -->', '<!-- /components -->', compatibility(factories));
fill(join(root, 'docs/telemetry.md'), '<!-- own metrics -->', '<!-- /own metrics -->', await ownMetricsTable());
fill(join(root, 'docs/genai-metrics.md'), '<!-- genai metrics -->', '<!-- /genai metrics -->', genaiMetricsTable());
if (check && stale > 0) process.exitCode = 1;
console.log(check ? `${factories.size + 5} documents checked, ${stale} stale` : `${stale} documents written`);
