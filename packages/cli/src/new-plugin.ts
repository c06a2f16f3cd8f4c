import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '@millrace/config';
import { pluginFiles } from './plugin-files.ts';
import type { Terminal } from './terminal.ts';

/** The kinds that plugins can be. */
const kinds = ['processor', 'receiver', 'exporter', 'connector'] as const;

/** One of them. */
export type PluginKind = (typeof kinds)[number];

/** Makes a folder with a plugin, its test, a configuration that runs it and the settings of editors. Throws where something is in the way. */
export function newPlugin([word = '', name = '', ...others]: readonly string[], { cwd, stdout, workerScript }: Terminal): void {
  const kind = kinds.find((known) => known === word);
  if (kind === undefined) {
    const near = nearest(word, kinds);
    throw new Error(
      `new ${word === '' ? 'needs a kind' : `"${word}"`}: must be one of ${kinds.join(', ')}${near ? `; did you mean "${near}"?` : ''}`,
    );
  }
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name) || others.length > 0)
    throw new Error(`new ${kind} needs one name such as tenant_tier, of lower-case letters, digits and _`);
  const folder = resolve(cwd, name.replaceAll('_', '-'));
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} exists and is not empty`);
  mkdirSync(folder, { recursive: true });
  const files = { ...pluginFiles(kind, name), 'tsconfig.json': tsconfig(workerScript) };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const place = relative(cwd, folder) || '.';
  stdout(
    `Made ${Object.keys(files)
      .map((file) => join(place, file))
      .join(', ')}.\nTest it:  millrace test ${place}\n`,
  );
  stdout(`Run it:   millrace --config ${join(place, 'config.yaml')}\n`);
}

/** For editors and for tsc: the types of this program's `@millrace/api`, wherever the folder is. */
function tsconfig(script: URL | undefined): string {
  const home = dirname(fileURLToPath(script ?? new URL(import.meta.url)));
  const bundled = join(home, 'types');
  const packages = existsSync(bundled) ? bundled : resolve(home, '../..');
  const extension = existsSync(bundled) ? 'd.ts' : 'ts';
  const types = nodeTypes(home);
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    ...(types !== undefined && { typeRoots: [types], types: ['node'] }),
    paths: {
      '@millrace/api/testing': [join(packages, `api/src/testing/index.${extension}`)],
      '@millrace/*': [join(packages, `*/src/index.${extension}`)],
    },
  };
  return `${JSON.stringify({ compilerOptions, include: ['*.ts'] }, undefined, 2)}\n`;
}

/** Where the types of Node.js are installed, if they are. */
function nodeTypes(home: string): string | undefined {
  for (let folder = home; dirname(folder) !== folder; folder = dirname(folder)) {
    const types = join(folder, 'node_modules/@types');
    if (existsSync(join(types, 'node'))) return types;
  }
  return undefined;
}
