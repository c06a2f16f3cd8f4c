import { key } from '@millrace/api';
import type { AttributesView, Key, SpanView, Visitor } from '@millrace/api';
import { goFixed, ItemRules } from '@millrace/item-match';
import type { SpanConfig } from './config.ts';
import { NameRule } from './name-rule.ts';

/** Numbers of status codes by what the configuration calls them. */
export const statusCodes: ReadonlyMap<string, number> = new Map([
  ['Unset', 0],
  ['Ok', 1],
  ['Error', 2],
]);

/** Names spans from attributes, then takes attributes out of names, then sets the status. Throws an Error when include or exclude are wrong. */
export function spanVisitor(config: SpanConfig): Visitor {
  const rules = ItemRules.forSpans(config);
  const change = changeOf(config);
  if (rules === undefined) return { onSpan: change };
  return {
    onResource: (resource) => (rules.skipsResource(resource) ? 'skip' : undefined),
    onScope: (scope) => (rules.skipsScope(scope) ? 'skip' : undefined),
    onSpan: (span) => {
      if (!rules.skips(span)) change(span);
    },
  };
}

function changeOf({ name, status }: SpanConfig): (span: SpanView) => void {
  const keys = name.from_attributes.map((attribute) => key(attribute));
  const { rules = [], break_after_match: isFirstOnly = false, keep_original_name: keepsName = false } = name.to_attributes ?? {};
  const nameRules = rules.map((rule) => new NameRule(rule));
  const code = statusCodes.get(status?.code ?? '');
  const message = status?.description ?? '';
  return (span) => {
    if (keys.length > 0) {
      const made = nameOf(span.attributes, keys, name.separator);
      if (made !== undefined) span.setName(made);
    }
    if (nameRules.length > 0) applyRules(span, nameRules, isFirstOnly, keepsName);
    if (code !== undefined && (span.statusCode !== code || span.statusMessage !== message)) span.setStatus(code, message);
  };
}

/** The values, separated; undefined when one is missing. */
function nameOf(attributes: AttributesView, keys: readonly Key[], separator: string): string | undefined {
  let name = '';
  for (let i = 0; i < keys.length; i++) {
    const slot = attributes.find(keys[i]!);
    if (slot < 0) return undefined;
    if (i > 0) name += separator;
    name += textAt(attributes, slot);
  }
  return name;
}

function textAt(attributes: AttributesView, slot: number): string {
  const value = attributes.valueAt(slot);
  switch (value.type) {
    case 'string':
      return value.string();
    case 'bool':
      return String(value.boolean());
    case 'int':
      return String(value.bigint());
    case 'double':
      return goFixed(value.number());
    default:
      return '<unknown-attribute-type>';
  }
}

function applyRules(span: SpanView, rules: readonly NameRule[], isFirstOnly: boolean, keepsName: boolean): void {
  const original = span.name;
  if (original === '') return;
  let name = original;
  for (const rule of rules) {
    const renamed = rule.apply(span, name);
    if (renamed === undefined) continue;
    if (!keepsName) name = renamed;
    if (isFirstOnly) break;
  }
  if (name !== original) span.setName(name);
}
