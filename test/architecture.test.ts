import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');
const packagesFolder = join(root, 'packages');
const packages = readdirSync(packagesFolder);

/** Lowest layer first (docs/architecture.md). A package imports only from lower layers. */
const layers: readonly (readonly RegExp[])[] = [
  [/^wire$/, /^config$/],
  [/^api$/],
  [
    /^(exporter-helper|transport|output-file|redaction|regex|prometheus-format|datadog-format|trace-format|trace-buffer|state-log|timeseries)$/,
  ],
  [/^(ottl|item-match|genai|instruments|history|promql|recommend)$/],
  [/^(receiver|processor|connector|exporter|extension)-/],
  [/^service$/, /^distribution$/],
  [/^trial$/, /^sdk$/],
  [/^demo$/],
  [/^cli$/],
];

/** Who may use the object form of the data model: tests, and foreign or human-readable formats. */
const plainUsers = new Set(['wire', 'exporter-debug', 'timeseries']);

/** Libraries that must never be imported by our code: the data path has no protobuf library and no @grpc/grpc-js. */
const forbidden = [/^protobufjs/, /^@bufbuild\//, /^@grpc\//, /^google-protobuf/];

const layerOf = (name: string): number =>
  layers.findIndex(
    (patterns, layer) => patterns.some((pattern) => pattern.test(name)) && layer >= 0 && !(layer === 4 && name === 'exporter-helper'),
  );

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [
    ...text.matchAll(
      /(?:^|\s)(?:import|export)\s[^'"`;]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'|\.resolve\('([^']+)'\)/gm,
    ),
  ].map((match) => (match[1] ?? match[2] ?? match[3] ?? match[4])!);
}

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

describe('The layers', () => {
  it.each(packages)('have a place for %s', (name) => {
    expect(layerOf(name)).toBeGreaterThanOrEqual(0);
  });

  it.each(packages)('let %s import only what is below it and declared', (name) => {
    const manifest = JSON.parse(readFileSync(join(packagesFolder, name, 'package.json'), 'utf8')) as {
      name: string;
      dependencies?: Record<string, string>;
    };
    expect(manifest.name).toBe(`@millrace/${name}`);
    const declared = manifest.dependencies ?? {};
    const problems: string[] = [];
    const used = new Set<string>();
    for (const file of filesBelow(join(packagesFolder, name, 'src'))) {
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith('node:')) continue;
        if (specifier.startsWith('.')) {
          if (!specifier.endsWith('.ts') && !specifier.endsWith('.json')) problems.push(`${file}: "${specifier}" has no extension`);
          continue;
        }
        const target = packageName(specifier);
        used.add(target);
        if (forbidden.some((pattern) => pattern.test(target))) problems.push(`${file}: imports ${target}`);
        if (declared[target] === undefined) problems.push(`${file}: ${target} is not in package.json`);
        if (specifier === '@millrace/wire/plain' && !plainUsers.has(name)) problems.push(`${file}: may not use the object form`);
        if (!target.startsWith('@millrace/')) continue;
        const lower = layerOf(target.slice('@millrace/'.length)) < layerOf(name);
        const listed = name === 'distribution' && layerOf(target.slice('@millrace/'.length)) <= 4;
        if (!lower && !listed) problems.push(`${file}: imports ${target}, which is not below ${name}`);
      }
    }
    for (const dependency of Object.keys(declared)) {
      if (!used.has(dependency) && dependency !== 'node') problems.push(`${name}: declares ${dependency} and does not import it`);
    }
    expect(problems).toEqual([]);
  });

  it('resolve workspace packages to their sources in tests', () => {
    expect(import.meta.resolve('@millrace/wire')).toMatch(/packages\/wire\/src\/index\.ts$/);
  });
});

describe('Every package', () => {
  it.each(packages)('%s has a README and tests', (name) => {
    expect(readFileSync(join(packagesFolder, name, 'README.md'), 'utf8')).toMatch(/^# /);
    expect(readdirSync(join(packagesFolder, name, 'test')).filter((file) => file.endsWith('.test.ts'))).not.toEqual([]);
  });
});

describe('The distribution', () => {
  it('lists every component package', async () => {
    const { components } = await import('@millrace/distribution');
    for (const entry of components) {
      const { factory } = await entry.load();
      expect({ kind: factory.kind, type: factory.type }).toEqual({ kind: entry.kind, type: entry.type });
    }
    // A package may have two: a processor, and the connector that does the same for other signals.
    const listed = new Set(
      importsOf(join(packagesFolder, 'distribution/src/components.ts')).map((target) => target.replace('@millrace/', '')),
    );
    expect(packages.filter((name) => layerOf(name) === 4 && !listed.has(name))).toEqual([]);
  });
});
