import { Regex } from '@millrace/regex';
import type { AttributeAction } from './attribute-action.ts';

const failed = 'error creating AttrProc';

/** What is wrong with the actions in the list at `path`, in the Collector's words; empty when nothing is. */
export function validateActions(actions: readonly AttributeAction[], path: string): string[] {
  return actions.flatMap((action, index) => {
    const problem = problemOf(action, index);
    return problem === undefined ? [] : [`${path}::${index}: ${problem}`];
  });
}

function problemOf(given: AttributeAction, index: number): string | undefined {
  const action = given.action.toLowerCase();
  const isByPattern = action === 'delete' || action === 'hash';
  if (given.key === '' && (!isByPattern || given.pattern === '')) {
    const missing = isByPattern ? '(at least one of "key" and "pattern" have to be used)' : '"key"';
    return `${failed} due to missing required field ${missing} at the ${index}-th action`;
  }
  const problem = problemOfSettings(given, action);
  return problem === undefined ? undefined : `error with key ${JSON.stringify(given.key)} (${index}-th action): ${failed}${problem}`;
}

function problemOfSettings(given: AttributeAction, action: string): string | undefined {
  const { value, from_attribute, from_context, default_value, pattern, converted_type } = given;
  const sources = Number(value !== undefined) + Number(from_attribute !== '') + Number(from_context !== '');
  const unused = (what: string, these = 'This'): string => `. Action "${action}" does not use ${what}. ${these} must not be specified`;
  switch (action) {
    case 'insert':
    case 'update':
    case 'upsert':
      if (sources === 0 && default_value === undefined)
        return '. Either field "value", "from_attribute", "from_context", or "default_value" must be specified';
      if (sources > 1) return ' due to multiple value sources being set';
      if (pattern !== '') return unused('the "pattern" field');
      return converted_type === '' ? undefined : unused('the "converted_type" field');
    case 'delete':
    case 'hash':
      if (value !== undefined || from_attribute !== '') return unused('"value" or "from_attribute" field', 'These');
      if (converted_type !== '') return unused('the "converted_type" field');
      return pattern === '' ? undefined : problemOfPattern(pattern);
    case 'extract':
      if (sources > 0) return unused('a value source field', 'These');
      if (pattern === '') return ` due to missing required field "pattern" for action "${action}"`;
      if (converted_type !== '') return unused('the "converted_type" field');
      return problemOfPattern(pattern) ?? problemOfGroups(pattern);
    case 'convert':
      if (sources > 0 || pattern !== '') return unused('value sources or "pattern" field', 'These');
      if (converted_type === '') return ` due to missing required field "converted_type" for action "${action}"`;
      if (['string', 'int', 'double'].includes(converted_type)) return undefined;
      return ` due to invalid value "${converted_type}" in field "converted_type" for action "${action}"`;
    default:
      return ` due to unsupported action "${action}"`;
  }
}

function problemOfPattern(pattern: string): string | undefined {
  try {
    void new Regex(pattern);
    return undefined;
  } catch {
    return `. Field "pattern" has invalid pattern: "${pattern}"`;
  }
}

function problemOfGroups(pattern: string): string | undefined {
  const { groupNames } = new Regex(pattern);
  if (groupNames.length === 0) return '. Field "pattern" contains no named matcher groups';
  return groupNames.includes(undefined) ? '. Field "pattern" contains at least one unnamed matcher group' : undefined;
}
