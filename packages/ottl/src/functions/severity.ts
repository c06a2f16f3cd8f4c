import { converter, getter, map } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { isList, isMap, typeName } from '../value.ts';
import type { Value, ValueMap } from '../value.ts';
import { valueText } from '../values/value-text.ts';

/** When a value has a level: it is one of the texts, or a number in the range. */
interface Criterion {
  readonly texts: readonly Value[];
  readonly range: { readonly min: bigint; readonly max: bigint } | undefined;
}

const statusRanges: { readonly [name: string]: bigint } = { '2xx': 200n, '3xx': 300n, '4xx': 400n, '5xx': 500n };

/**
 * `ParseSeverity(value, mapping)`: the level of a text or a number. The mapping is a literal such as
 * `{"error": [{"equals": ["err"]}, {"range": {"min": 4, "max": 5}}, {"range": "4xx"}]}`.
 */
export const parseSeverity: FunctionDefinition = converter('ParseSeverity', { target: getter, mapping: map }, ({ target, mapping }) => {
  let levels: readonly (readonly [level: string, criteria: readonly Criterion[]])[];
  try {
    if (mapping.literal === undefined) throw new OttlError('severity mapping must be a literal PMap');
    levels = [...mapping.literal.value].map(([level, criteria]) => [level, criteriaOf(criteria)]);
  } catch (error) {
    return () => {
      throw error;
    };
  }
  return (context) => {
    const value = target(context);
    for (const [level, criteria] of levels) if (criteria.some((criterion) => holds(criterion, value))) return level;
    throw new OttlError(`could not map log level: no matching log level found for value '${shown(value)}'`);
  };
});

function holds({ texts, range }: Criterion, value: Value): boolean {
  if (typeof value === 'string') return texts.includes(value);
  if (typeof value === 'bigint') return range !== undefined && value >= range.min && value <= range.max;
  throw new OttlError(
    `could not map log level: could not evaluate log level of value '${shown(value)}': unsupported value type: ${typeName(value)}`,
  );
}

function shown(value: Value): string {
  return value === undefined ? '<nil>' : valueText(value);
}

function criteriaOf(criteria: Value): Criterion[] {
  if (!isList(criteria)) throw new OttlError('severity mapping criteria must be []any');
  return criteria.map((criterion) => {
    if (!isMap(criterion)) throw new OttlError('severity mapping criteria items must be map[string]any');
    return { texts: textsOf(criterion), range: criterion.has('range') ? rangeOf(criterion.get('range')) : undefined };
  });
}

function invalid(problem: string): OttlError {
  return new OttlError(`invalid severity mapping criteria: ${problem}`);
}

function textsOf(criterion: ValueMap): readonly Value[] {
  if (!criterion.has('equals')) return [];
  const texts = criterion.get('equals');
  if (!isList(texts)) throw invalid('equals must be a list');
  if (texts.some((text) => typeof text !== 'string')) throw invalid('equals values must be strings');
  return texts;
}

function rangeOf(range: Value): { readonly min: bigint; readonly max: bigint } {
  if (typeof range === 'string') {
    const min = statusRanges[range];
    if (min === undefined) throw invalid(`unknown range placeholder: ${range}`);
    return { min, max: min + 99n };
  }
  if (!isMap(range)) throw invalid('range must be a map or a known placeholder string');
  for (const bound of ['min', 'max']) if (!range.has(bound)) throw invalid(`range must have a ${bound} value`);
  const [min, max] = [range.get('min'), range.get('max')];
  if (typeof min !== 'bigint') throw invalid('min must be an int64');
  if (typeof max !== 'bigint') throw invalid('max must be an int64');
  return { min, max };
}
