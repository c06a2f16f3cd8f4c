import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Factory } from '@millrace/api';
import { components } from '@millrace/distribution';

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
}

const root = join(import.meta.dirname, '..');
const start = '<!-- settings -->';
const end = '<!-- /settings -->';

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.format === 'duration') return 'duration';
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'values' : typeOf(schema.items)}`;
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
}

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
    const row = `| \`${key}\` | ${typeOf(property)} | ${shown} | ${text} |`;
    return [row, ...(property['x-unsupported'] === undefined ? rows(property, key) : [])];
  });
}

function table(factory: Factory): string {
  const lines = rows((factory.configSchema ?? {}) as Schema, '');
  if (lines.length === 0) return 'No settings.';
  return ['| setting | type | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function folderOf(kind: string, type: string): string {
  const names = { otlp_grpc: 'otlp' } as Record<string, string>;
  return join(root, 'packages', `${kind}-${(names[type] ?? type).replaceAll('_', '-')}`);
}

const check = process.argv.includes('--check');
let stale = 0;
for (const entry of components) {
  const { factory } = await entry.load();
  const file = join(folderOf(entry.kind, entry.type), 'README.md');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    console.error(`${file}: no ${start} ... ${end}`);
    stale++;
    continue;
  }
  const wanted = `${before}${start}\n\n${table(factory)}\n\n${end}${after}`;
  if (wanted === text) continue;
  stale++;
  if (check) console.error(`${file}: the settings table is not that of the schema; run npm run docs`);
  else writeFileSync(file, wanted);
}
if (check && stale > 0) process.exitCode = 1;
console.log(check ? `${components.length} READMEs checked, ${stale} stale` : `${stale} READMEs written`);
