import { createHash } from 'node:crypto';
import { parseTemplate, Regex } from '@millrace/regex';
import type { Template } from '@millrace/regex';

/** One checked entry of `relabel_configs` or `metric_relabel_configs`. */
export interface RelabelConfig {
  readonly source_labels: readonly string[];
  readonly separator: string;
  readonly regex: string;
  readonly modulus: number;
  readonly target_label: string;
  readonly replacement: string;
  readonly action:
    | 'replace'
    | 'keep'
    | 'drop'
    | 'hashmod'
    | 'labelmap'
    | 'labeldrop'
    | 'labelkeep'
    | 'lowercase'
    | 'uppercase'
    | 'keepequal'
    | 'dropequal';
}

/** Labels by name; those with empty values are absent. */
export type Labels = Map<string, string>;

/** One rule: changes the labels, or returns false when what they stand for is dropped. */
export type RelabelRule = (labels: Labels) => boolean;

const validLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** What is wrong with a rule, in the words of Prometheus; undefined when nothing is. */
export function relabelProblem(config: RelabelConfig): string | undefined {
  const { action, regex, modulus, target_label: target, replacement } = config;
  try {
    const compiled = new Regex(regex, { whole: true });
    void compiled;
  } catch (error) {
    return (error as Error).message;
  }
  if (['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(action) && target === '') {
    return `relabel configuration for ${action} action requires 'target_label' value`;
  }
  if (action === 'hashmod' && modulus === 0) return 'relabel configuration for hashmod requires non-zero modulus';
  if (['lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(action) && !validLabel.test(target)) {
    return `${JSON.stringify(target)} is invalid 'target_label' for ${action} action`;
  }
  if (['lowercase', 'uppercase'].includes(action) && replacement !== '$1') return `'replacement' can not be set for ${action} action`;
  if (['labeldrop', 'labelkeep'].includes(action)) {
    const others = config.source_labels.length > 0 || target !== '' || modulus > 0 || replacement !== '$1' || config.separator !== ';';
    if (others) return `${action} action requires only 'regex', and no other fields`;
  }
  return undefined;
}

/** Makes a rule. Throws for what `relabelProblem` finds. */
export function relabelRule(config: RelabelConfig): RelabelRule {
  const problem = relabelProblem(config);
  if (problem !== undefined) throw new Error(problem);
  const { source_labels: sources, separator, target_label: target } = config;
  const regex = new Regex(config.regex, { whole: true });
  const replacement = parseTemplate(config.replacement);
  const targetName = parseTemplate(target);
  const joined = (labels: Labels): string => sources.map((name) => labels.get(name) ?? '').join(separator);
  switch (config.action) {
    case 'keep':
      return (labels) => regex.test(joined(labels));
    case 'drop':
      return (labels) => !regex.test(joined(labels));
    case 'keepequal':
      return (labels) => (labels.get(target) ?? '') === joined(labels);
    case 'dropequal':
      return (labels) => (labels.get(target) ?? '') !== joined(labels);
    case 'replace':
      return replaceRule(regex, joined, targetName, replacement);
    case 'lowercase':
      return (labels) => set(labels, target, joined(labels).toLowerCase());
    case 'uppercase':
      return (labels) => set(labels, target, joined(labels).toUpperCase());
    case 'hashmod':
      return (labels) => set(labels, target, hashMod(joined(labels), config.modulus));
    case 'labelmap':
      return (labels) => {
        for (const [name, value] of Array.from(labels)) {
          const match = regex.exec(name);
          if (match !== undefined) set(labels, regex.expand(match, replacement), value);
        }
        return true;
      };
    case 'labeldrop':
      return (labels) => removeWhere(labels, (name) => regex.test(name));
    default:
      return (labels) => removeWhere(labels, (name) => !regex.test(name));
  }
}

function replaceRule(regex: Regex, joined: (labels: Labels) => string, targetName: Template, replacement: Template): RelabelRule {
  return (labels) => {
    const match = regex.exec(joined(labels));
    if (match === undefined) return true;
    const name = regex.expand(match, targetName);
    // A name that no label can have leaves everything as it is.
    return validLabel.test(name) ? set(labels, name, regex.expand(match, replacement)) : true;
  };
}

function set(labels: Labels, name: string, value: string): true {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
  return true;
}

function removeWhere(labels: Labels, matches: (name: string) => boolean): true {
  for (const name of labels.keys()) if (matches(name)) labels.delete(name);
  return true;
}

/** The last 8 bytes of the MD5 as a number, modulo the number of buckets, as Prometheus shards. */
function hashMod(text: string, modulus: number): string {
  const digest = createHash('md5').update(text).digest();
  return String(digest.readBigUInt64BE(8) % BigInt(modulus));
}
