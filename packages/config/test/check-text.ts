import { fileURLToPath } from 'node:url';
import { checkConfig, ConfigError, resolveConfig } from '@millrace/config';
import type { CheckedConfig, CheckOptions, ResolveOptions } from '@millrace/config';
import { testCatalog } from './test-catalog.ts';

/** The folder of example configurations. */
export const testdata: string = fileURLToPath(new URL('../testdata', import.meta.url));

/** Files by name, for a test that needs none on disk. */
export function filesOf(files: Readonly<Record<string, string | Uint8Array>>): NonNullable<ResolveOptions['readFile']> {
  return (path) => {
    const content = files[path.replace(/^\/etc\//, '')];
    if (content !== undefined) return Promise.resolve(Buffer.from(content));
    return Promise.reject(Object.assign(new Error('not there'), { errno: -2 }));
  };
}

/** Resolves and checks a text as the file `config.yaml`, with further files and variables. */
export async function checkText(
  text: string,
  options: Partial<ResolveOptions> & CheckOptions & { readonly files?: Readonly<Record<string, string | Uint8Array>> } = {},
): Promise<CheckedConfig> {
  const readFile = filesOf({ 'config.yaml': text, ...options.files });
  const resolved = await resolveConfig({ locations: ['config.yaml'], env: {}, cwd: '/etc', readFile, ...options });
  return checkConfig(resolved, testCatalog, options);
}

/** What remains of a configuration that is about something else. */
export const smallest = 'receivers: {nop: }\nexporters: {nop: }\nservice: {pipelines: {traces: {receivers: [nop], exporters: [nop]}}}\n';

/** The checked settings of a processor `sample` whose YAML is given. */
export async function sample(
  yaml: string,
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const indented = yaml.replaceAll('\n', '\n    ');
  const config = await checkText(`${smallest}processors:\n  sample:\n    ${indented}\n`, { env, files });
  return config.processors.get('sample')!.config;
}

/** The messages of the problems that a promise fails with. */
export async function problemsOf(failing: Promise<unknown>): Promise<readonly string[]> {
  try {
    await failing;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.message);
    throw error;
  }
  throw new Error('there is no problem');
}
