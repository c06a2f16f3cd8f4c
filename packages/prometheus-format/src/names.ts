/** What a metric is, as far as its name depends on it. */
export type NamedKind = 'counter' | 'gauge' | 'other';

/** How names are translated: the strategies of Prometheus' otlptranslator. */
export interface NameOptions {
  /** Put before metric names, with `_`. Default none. */
  readonly namespace?: string;
  /** Whether units, `_total` and `_ratio` are appended to metric names. */
  readonly suffixes: boolean;
  /** Whether characters that only UTF-8 names may have are kept; otherwise they become `_`. */
  readonly utf8: boolean;
}

/** The translation strategies by name, as `translation_strategy` takes them. */
export const translationStrategies: Readonly<Record<string, { readonly suffixes: boolean; readonly utf8: boolean }>> = {
  UnderscoreEscapingWithSuffixes: { suffixes: true, utf8: false },
  UnderscoreEscapingWithoutSuffixes: { suffixes: false, utf8: false },
  NoUTF8EscapingWithSuffixes: { suffixes: true, utf8: true },
  NoTranslation: { suffixes: false, utf8: true },
};

const units: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);

const perUnits: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

/** The unit before the slash and `per_` with the one behind it, in words; empty when there is none or it is an annotation in braces. */
function unitWords(unit: string): [main: string, per: string] {
  const slash = unit.indexOf('/');
  const word = (part: string, words: ReadonlyMap<string, string>): string => {
    const trimmed = part.trim();
    return /[{}]/.test(trimmed) ? '' : (words.get(trimmed) ?? trimmed);
  };
  if (slash < 0) return [word(unit, units), ''];
  const per = word(unit.slice(slash + 1), perUnits);
  return [word(unit.slice(0, slash), units), per === '' ? '' : `per_${per}`];
}

const cleanUnit = (unit: string): string =>
  unit
    .replace(/[^a-zA-Z0-9:]/gu, '_')
    .replace(/__+/g, '_')
    .replace(/^_/, '');

/**
 * The unit of a metric in words, as `# UNIT` and the suffix of its name have it: `By/s` is `bytes_per_second`. Empty for no unit, `1` and
 * annotations in braces. With `utf8`, unknown units keep their characters.
 */
export function unitName(unit: string, utf8 = false): string {
  let [main, per] = unitWords(unit);
  if (!utf8) [main, per] = [cleanUnit(main), cleanUnit(per)];
  const joined = main !== '' && per !== '' ? `${main}_${per}` : main + per;
  return joined.replace(/^_/, '').replace(/_$/, '');
}

/**
 * The Prometheus name of an OpenTelemetry metric (otlptranslator's `MetricNamer`). Throws when nothing, or only underscores, would be left.
 */
export function metricName(name: string, unit: string, kind: NamedKind, { namespace = '', suffixes, utf8 }: NameOptions): string {
  if (utf8) return utf8Name(namespace === '' ? name : `${namespace}_${name}`, unit, kind, suffixes);
  const translated = suffixes ? nameWithSuffixes(name, unit, kind, namespace) : escapedName(name, namespace);
  if (translated === '') throw new Error(`normalization for metric ${JSON.stringify(name)} resulted in empty name`);
  if (translated !== name && /^_+$/.test(translated)) {
    throw new Error(`normalization for metric ${JSON.stringify(name)} resulted in invalid name ${JSON.stringify(translated)}`);
  }
  return translated;
}

function escapedName(name: string, namespace: string): string {
  const joined = (text: string): string =>
    text
      .split(/[^a-zA-Z0-9:_]+/)
      .filter((token) => token !== '')
      .join('_');
  if (namespace !== '') return `${joined(namespace)}_${joined(name)}`;
  return joined(name).replace(/^(?=\d)/, '_');
}

function nameWithSuffixes(name: string, unit: string, kind: NamedKind, namespace: string): string {
  let tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  let [main, per] = unitWords(unit).map(cleanUnit) as [string, string];
  if (tokens.includes(main)) main = '';
  per = per === 'per_' ? '' : per.replace(/_$/, '');
  if (tokens.includes(per)) per = '';
  if (per !== '') main = main.replace(/_$/, '');
  if (main !== '') tokens.push(main);
  if (per !== '') tokens.push(per);
  const last = kind === 'counter' ? 'total' : kind === 'gauge' && unit === '1' ? 'ratio' : '';
  if (last !== '') tokens = [...tokens.filter((token) => token !== last), last];
  if (namespace !== '') tokens.unshift(namespace);
  return tokens.join('_').replace(/^(?=\d)/, '_');
}

function utf8Name(name: string, unit: string, kind: NamedKind, suffixes: boolean): string {
  if (!suffixes) return name;
  const [main, per] = unitWords(unit);
  const last = kind === 'counter' ? 'total' : kind === 'gauge' && unit === '1' ? 'ratio' : '';
  let result = last === '' ? name : withoutSuffix(name, last);
  if (per !== '') result = withoutSuffix(result, per);
  if (main !== '' && !result.endsWith(main)) result += `_${main}`;
  if (per !== '') result += `_${per}`;
  return last === '' ? result : `${result}_${last}`;
}

/** Without a suffix and the one character before it, which is taken for a delimiter. */
function withoutSuffix(name: string, suffix: string): string {
  return name.endsWith(suffix) && name.length > suffix.length + 1 ? name.slice(0, -suffix.length).replace(/.$/su, '') : name;
}

/** How attribute names become label names. */
export interface LabelNameOptions {
  /** Whether every character stays; otherwise only letters and digits do. */
  readonly utf8: boolean;
  /** Whether consecutive underscores become one, and an underscore in front `key_`, as the Collector's remote write has it. Default false. */
  readonly collapses?: boolean;
}

/** The Prometheus name of an attribute (otlptranslator's `LabelNamer`). Throws when it is empty or only underscores would be left. */
export function labelName(name: string, { utf8, collapses = false }: LabelNameOptions = { utf8: false }): string {
  if (name === '') throw new Error('label name is empty');
  let translated = name;
  if (!utf8) {
    translated = collapses ? collapsed(name) : name.replace(/[^a-zA-Z0-9]/gu, '_');
    if (/^\d/.test(translated)) translated = `key_${translated}`;
    else if (collapses && /^_(?!_)/.test(translated)) translated = `key${translated}`;
  }
  if (!/^_+$/.test(translated)) return translated;
  throw new Error(
    utf8
      ? `label name ${JSON.stringify(name)} contains only underscores`
      : `normalization for label name ${JSON.stringify(name)} resulted in invalid name ${JSON.stringify(translated)}`,
  );
}

/** Two underscores in front and at the end mark a reserved name and stay. */
function collapsed(name: string): string {
  const reserved = /^__(.*)__$/su.exec(name)?.[1];
  const plain = (reserved ?? name).replace(/[^a-zA-Z0-9]+/gu, '_');
  return reserved === undefined ? plain : `__${plain}__`;
}

/** Whether a name needs no quotes in any format: `[a-zA-Z_:][a-zA-Z0-9_:]*`. */
export function isLegacyName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** Whether a label name needs no quotes in any format: `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function isLegacyLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** How names with other characters than the legacy ones reach a scraper: the `escaping` parameter of its `Accept` header. */
export type Escaping = 'underscores' | 'allow-utf-8' | 'dots' | 'values';

/** A metric name by an escaping scheme (`EscapeName` of prometheus/common). Legacy names stay as they are. */
export function escapeName(name: string, escaping: Escaping): string {
  return escaping === 'allow-utf-8' || isLegacyName(name) ? name : escaped(name, escaping, /[a-zA-Z0-9_:]/);
}

/** A label name by an escaping scheme. Legacy names stay as they are. */
export function escapeLabelName(name: string, escaping: Escaping): string {
  return escaping === 'allow-utf-8' || isLegacyLabelName(name) ? name : escaped(name, escaping, /[a-zA-Z0-9_]/);
}

function escaped(name: string, escaping: Escaping, legacy: RegExp): string {
  if (name === '') return name;
  const characters = Array.from(name).map((character, index) => {
    if (character === '_' && escaping !== 'underscores') return '__';
    if (legacy.test(character) && (index > 0 || !/\d/.test(character))) return character;
    if (escaping === 'underscores') return '_';
    if (escaping === 'dots') return character === '.' ? '_dot_' : '__';
    const code = character.codePointAt(0)!;
    return code >= 0xd800 && code < 0xe000 ? '_FFFD_' : `_${code.toString(16)}_`;
  });
  return (escaping === 'values' ? 'U__' : '') + characters.join('');
}

/** The name that `escapeName` made this of, as far as the scheme can be undone; otherwise the name itself. */
export function unescapeName(name: string, escaping: Escaping): string {
  if (escaping === 'dots') return name.replaceAll('_dot_', '.').replaceAll('__', '_');
  if (escaping !== 'values' || !name.startsWith('U__')) return name;
  const valid = /^U__(?:[^_]|__|_[0-9a-fA-F]{1,6}_)*$/;
  if (!valid.test(name)) return name;
  let isValid = true;
  const unescaped = name.slice(3).replace(/__|_([0-9a-fA-F]{1,6})_/g, (_match, hex: string | undefined) => {
    if (hex === undefined) return '_';
    const code = Number.parseInt(hex, 16);
    if (code <= 0x10_ffff && (code < 0xd800 || code >= 0xe000)) return String.fromCodePoint(code);
    isValid = false;
    return '';
  });
  return isValid ? unescaped : name;
}
