import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'yaml';
import { newerBrowsers, newerSystems, withNewer } from './newer-definitions.ts';

/**
 * How one product is told by a user agent: an expression, then what its name and the parts of its version are. What is empty or missing there
 * is the group of its place: the name the first, the major version the second.
 */
export type ProductDefinition = readonly [expression: string, ...replacements: string[]];

/** The definitions in the order in which they count: the first that matches wins. */
export interface ProductDefinitions {
  readonly browsers: readonly ProductDefinition[];
  readonly systems: readonly ProductDefinition[];
}

type Entry = Readonly<Record<string, string | undefined>>;

/**
 * Reads browsers and operating systems from the expressions of package `uap-core` (docs/specification.md there), which takes tens of
 * milliseconds. Throws where the package is not installed.
 *
 * In the bundle this module is what it made of them when the bundle was built (scripts/build.ts).
 */
export function readDefinitions(): ProductDefinitions {
  const text = readFileSync(createRequire(import.meta.url).resolve('uap-core/regexes.yaml'), 'utf8');
  // The devices, most of the file, are nobody's question.
  const { user_agent_parsers: browsers, os_parsers: systems } = parse(text.slice(0, text.indexOf('\ndevice_parsers:'))) as {
    readonly user_agent_parsers: readonly Entry[];
    readonly os_parsers: readonly Entry[];
  };
  return {
    browsers: withNewer(
      browsers.map((entry) => definition(entry, ['family_replacement', 'v1_replacement', 'v2_replacement', 'v3_replacement'])),
      newerBrowsers,
    ),
    systems: withNewer(
      systems.map((entry) =>
        definition(entry, ['os_replacement', 'os_v1_replacement', 'os_v2_replacement', 'os_v3_replacement', 'os_v4_replacement']),
      ),
      newerSystems,
    ),
  };
}

function definition(entry: Entry, replacements: readonly string[]): ProductDefinition {
  return [entry['regex']!, ...replacements.map((key) => entry[key] ?? '')];
}
