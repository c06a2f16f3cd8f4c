import { nodeAt, positionOf } from './config-node.ts';
import { Decoder } from './decode.ts';
import { parseYaml } from './parse-yaml.ts';
import { ConfigError } from './problem.ts';
import type { Position } from './problem.ts';
import { componentFormats } from './schema.ts';
import type { Schema } from './schema.ts';

/** A YAML file that is no configuration, such as a file of tests, read by the rules of configurations. */
export interface YamlFile {
  /** As the schema describes it, defaults filled in. */
  readonly value: unknown;
  /** Where the value under these keys and indexes stands, or its nearest parent. */
  positionOf(path: readonly (string | number)[]): Position;
}

/** Reads the text of a YAML file that a schema describes. Throws a `ConfigError` with every problem, its place and the nearest right name. */
export function readYaml(text: string, file: string, schema: object): YamlFile {
  const source = { name: file, text };
  const { node, problems } = parseYaml(text, source, (offset) => ({ source, offset }));
  const place = { source, offset: 0 };
  if (problems.length > 0) {
    throw new ConfigError(
      problems.map(({ offset, ...problem }) => ({ ...positionOf({ source, offset }), path: '', ...problem, verdict: 'invalid' as const })),
    );
  }
  const decoder = new Decoder({ schema: schema as Schema, path: '', name: file, label: '', prefix: '', formats: componentFormats });
  const value = decoder.decode(node, place);
  if (decoder.report.problems.length > 0) {
    throw new ConfigError(decoder.report.problems.map((problem) => ({ ...problem, path: problem.path.replace(/^::/, '') })));
  }
  return { value, positionOf: (path) => positionOf(nodeAt(node, path).place) };
}
