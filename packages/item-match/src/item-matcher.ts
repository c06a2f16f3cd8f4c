import { valueText } from '@millrace/wire';
import type { LogView, SpanView } from '@millrace/wire';
import type { MatchProperties } from './match-config.ts';
import type { PropertyMatcher } from './property-matcher.ts';
import { textSet } from './text-set.ts';

/** What include or exclude asks of the item itself. */
export interface ItemMatcher<V> {
  /** Whether it asks anything. */
  readonly isEmpty: boolean;
  matches(item: V): boolean;
}

/** Names of span kinds by number. */
const kinds: readonly string[] = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];

/** Matches spans by name, kind and attributes. */
export function spanMatcher(properties: MatchProperties, { attributes }: PropertyMatcher): ItemMatcher<SpanView> {
  const names = textSet(properties.span_names, properties, 'span name');
  const kindTexts = textSet(properties.span_kinds, properties, 'span kind');
  const matchesKind = kinds.map((kind) => kindTexts?.test(kind) ?? true);
  const matchesOtherKind = kindTexts?.test('') ?? true;
  return {
    isEmpty: names === undefined && kindTexts === undefined && attributes.isEmpty,
    matches: (span) => {
      if (names !== undefined && !(names.literals === undefined ? names.test(span.name) : span.nameIn(names.literals))) return false;
      if (kindTexts !== undefined && !(matchesKind[span.kind] ?? matchesOtherKind)) return false;
      return attributes.isEmpty || attributes.matches(span.attributes);
    },
  };
}

/** Matches log records by body, severity and attributes. */
export function logMatcher(properties: MatchProperties, { attributes }: PropertyMatcher): ItemMatcher<LogView> {
  const bodies = textSet(properties.log_bodies, properties, 'log record body');
  const severityTexts = textSet(properties.log_severity_texts, properties, 'log record severity text');
  const severity = properties.log_severity_number;
  return {
    isEmpty: bodies === undefined && severityTexts === undefined && severity === undefined && attributes.isEmpty,
    matches: (log) => {
      if (bodies !== undefined) {
        const { body } = log;
        if (!(body.type === 'string' ? bodies.testRange(body.range()) : bodies.test(valueText(body)))) return false;
      }
      if (severityTexts !== undefined && !severityTexts.test(log.severityText)) return false;
      if (severity !== undefined) {
        const { severityNumber } = log;
        if (severityNumber === 0 ? !severity.match_undefined : severityNumber < severity.min) return false;
      }
      return attributes.isEmpty || attributes.matches(log.attributes);
    },
  };
}
