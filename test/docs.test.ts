import { EventEmitter } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { components } from '@millrace/distribution';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseArguments } from '../packages/cli/src/arguments.ts';
import { run } from '../packages/cli/src/run.ts';
import { completeConfig } from './complete-config.ts';
import type { PartialConfig } from './complete-config.ts';

const root = join(import.meta.dirname, '..');
const documents = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md', 'plugins/README.md', 'benchmarks/README.md'], {
  cwd: root,
}).sort();
const textOf = (document: string): string => readFileSync(join(root, document), 'utf8');

interface Block {
  readonly language: string;
  readonly text: string;
  /** `file:line` of its first line. */
  readonly at: string;
}

/** The fenced blocks of a document, also those that are indented. */
function blocksOf(document: string): Block[] {
  const text = textOf(document);
  return [...text.matchAll(/^( *)```(\w*)\n([^]*?)^ *```$/gm)].map((match) => ({
    language: match[2]!,
    text: match[3]!.replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
    at: `${document}:${text.slice(0, match.index).split('\n').length + 1}`,
  }));
}

const blocks = documents.flatMap(blocksOf);

/** The commands of `program` that a document tells its reader to type, as words: in shell blocks and in running text. */
function commandsOf(document: string, program: string): { at: string; words: string[] }[] {
  const shell = blocksOf(document)
    .filter(({ language }) => ['', 'sh', 'bash', 'console'].includes(language))
    .flatMap(({ text, at }) =>
      text
        .replaceAll(/\\\n\s*/g, ' ')
        .split(/\n|&&/)
        .map((line) => ({ at, line: line.replace(/^\s*(\$ |npx )?\s*/, '').replace(/(?<= )#.*$/, '') })),
    );
  const inline = [...textOf(document).matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map((match) => ({
    at: document,
    line: match[1]!.replace(/^npx /, ''),
  }));
  return [...shell, ...inline]
    .filter(({ line }) => line.startsWith(`${program} `))
    .map(({ at, line }) => ({
      at,
      words: [...line.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map((match) => match[1] ?? match[2] ?? match[0]).slice(1),
    }));
}

const sections = ['receivers', 'processors', 'exporters', 'connectors', 'extensions', 'service'];
const configurations = blocks
  .filter(({ language }) => language === 'yaml')
  .map((block) => ({ ...block, part: parse(block.text) as PartialConfig | null }))
  .filter(({ part }) => part !== null && typeof part === 'object' && sections.some((section) => section in part))
  // test/plugins.test.ts runs those with plugins.
  .filter(({ part }) => !('plugins' in part!));
configurations.push({
  language: 'yaml',
  text: textOf('pipeline.yaml'),
  at: 'pipeline.yaml',
  part: parse(textOf('pipeline.yaml')) as PartialConfig,
});

/** What `millrace validate` prints: nothing when all is well, and nothing in it is old or unwise. */
async function validate(part: PartialConfig): Promise<string> {
  // A container has the files of its host there; validation looks for the folder.
  const yaml = JSON.stringify(await completeConfig(part)).replaceAll('"/hostfs"', '"/"');
  const env = Object.fromEntries([...yaml.matchAll(/\$\{(?:env:)?(\w+)/g)].map((match) => [match[1]!, 'value']));
  let output = '';
  const print = (text: string): void => void (output += text);
  await run(['validate', '--config', `yaml:${yaml}`], { env, cwd: root, events: new EventEmitter(), stdout: print, stderr: print });
  return output;
}

describe('The documents', () => {
  it.each(configurations)('show a configuration that is right, at $at', async ({ part }) => {
    expect(await validate(part!)).toBe('');
  });

  it('show JSON that can be parsed', () => {
    for (const { text } of blocks.filter(({ language }) => language === 'json')) expect(() => JSON.parse(text)).not.toThrow();
  });

  it('name only commands, flags and scripts that exist', () => {
    const problems: string[] = [];
    let checked = 0;
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    for (const document of documents) {
      for (const { at, words } of commandsOf(document, 'millrace')) {
        checked++;
        try {
          parseArguments(words);
        } catch (error) {
          problems.push(`${at}: millrace ${words.join(' ')}: ${(error as Error).message}`);
        }
      }
      for (const { at, words } of commandsOf(document, 'npm')) {
        if (words[0] === 'run' && scripts[words[1]!] === undefined) problems.push(`${at}: npm run ${words[1]}`);
      }
    }
    expect(problems).toEqual([]);
    expect(checked).toBeGreaterThan(10);
  });

  it('link to what is there, and name files that are there', () => {
    const problems: string[] = [];
    let checked = 0;
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-');
    for (const document of documents) {
      const text = textOf(document).replaceAll(/^( *)```[^]*?^ *```$/gm, '');
      for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target!)) continue;
        checked++;
        const [path, anchor] = target!.split('#');
        const file = path === '' ? join(root, document) : join(root, dirname(document), path!);
        if (!existsSync(file)) problems.push(`${document}: ${target}`);
        else if (
          anchor !== undefined &&
          ![...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].some(([, heading]) => slug(heading!) === anchor)
        ) {
          problems.push(`${document}: ${target} has no such heading`);
        }
      }
      for (const [path] of text.matchAll(/(?<![\w./-])(?:docs|packages|test|benchmarks|plugins|scripts)\/[\w./-]*\w/g)) {
        if (!existsSync(join(root, path)) && !existsSync(join(root, dirname(document), path))) problems.push(`${document}: ${path}`);
      }
    }
    expect(problems).toEqual([]);
    expect(checked).toBeGreaterThan(20);
  });
});

describe('README.md', () => {
  it('lists every component with its package', () => {
    const [, section = ''] = textOf('README.md').split('\n## Components\n');
    const listed = section
      .split('\n## ')[0]!
      .split('\n')
      .flatMap((row) =>
        [...row.matchAll(/\[`(\w+)`\]\(packages\/([\w-]+)\)/g)].map(
          ([, type, name]) => `${/^\| (\w+)s \|/.exec(row)?.[1]} ${type}: ${name}`,
        ),
      );
    const existing = components.map(({ kind, type, load }) => `${kind} ${type}: ${/@millrace\/([\w-]+)/.exec(load.toString())?.[1]}`);
    expect(listed.sort()).toEqual(existing.sort());
  });
});

describe('docs/operate.md', () => {
  it('names only own metrics that exist', () => {
    const known = textOf('docs/telemetry.md');
    const metrics = [...new Set(textOf('docs/operate.md').match(/otelcol_\w+/g))];
    expect(metrics.length).toBeGreaterThan(10);
    expect(metrics.filter((metric) => !known.includes(`| \`${metric}\` |`))).toEqual([]);
  });
});

describe('docs/dependencies.md', () => {
  /** The names in the first column of one of its two tables. */
  const listed = (heading: string): string[] => {
    const [, rest = ''] = textOf('docs/dependencies.md').split(`\n${heading}:\n\n`);
    const rows = rest.split('\n\n')[0]!.split('\n').slice(2);
    return rows
      .map((row) => row.split('|'))
      .filter(([, , why = '']) => /\w/.test(why))
      .flatMap(([, names = '']) => names.split(',').map((name) => name.trim()));
  };
  const manifests = globSync('packages/*/package.json', { cwd: root }).map(
    (file) => JSON.parse(textOf(file)) as { dependencies?: object; devDependencies?: object },
  );
  const names = (dependencies: readonly (object | undefined)[]): string[] => [
    ...new Set(dependencies.flatMap((each) => Object.keys(each ?? {})).filter((name) => !name.startsWith('@millrace/'))),
  ];

  it('says why each dependency is there at run time', () => {
    expect(listed('At run time').sort()).toEqual(names(manifests.map(({ dependencies }) => dependencies)).sort());
  });

  it('says why each dependency is there for development', () => {
    const { devDependencies } = JSON.parse(textOf('package.json')) as { devDependencies: object };
    expect(listed('For development').sort()).toEqual(
      names([devDependencies, ...manifests.map((manifest) => manifest.devDependencies)]).sort(),
    );
  });
});
