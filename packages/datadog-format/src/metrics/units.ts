/** Datadog's units by UCUM code. */
const units: ReadonlyMap<string, string> = new Map([
  ['bit', 'bit'],
  ['By', 'byte'],
  ['kBy', 'kilobyte'],
  ['MBy', 'megabyte'],
  ['GBy', 'gigabyte'],
  ['TBy', 'terabyte'],
  ['KiBy', 'kibibyte'],
  ['MiBy', 'mebibyte'],
  ['GiBy', 'gibibyte'],
  ['TiBy', 'tebibyte'],
  ['ns', 'nanosecond'],
  ['us', 'microsecond'],
  ['ms', 'millisecond'],
  ['s', 'second'],
  ['min', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['wk', 'week'],
  ['%', 'percent'],
  ['Hz', 'hertz'],
  ['Cel', 'degree celsius'],
  ['[degF]', 'degree fahrenheit'],
  ['V', 'volt'],
  ['A', 'ampere'],
  ['W', 'watt'],
  ['J', 'joule'],
  ['m', 'meter'],
  ['By/s', 'byte'],
]);

/** Words that people annotate counts with and Datadog knows as units. */
const words: ReadonlySet<string> = new Set(
  (
    'assertion attempt block buffer byte cache call class client column command commit connection container core cpu cursor device document ' +
    'entry error event exception execution fault file flush frame get host instance item job key lock log merge message method miss monitor ' +
    'node object operation packet page payload process query queue read record request resource response row sample sector segment service ' +
    'session shard set span split system table task thread throttle ticket time timeout token transaction unit user wait worker write'
  ).split(' '),
);

/** Datadog's name of an OTLP unit; '' when there is none, as for `1`. */
export function datadogUnit(unit: string): string {
  const known = units.get(unit);
  if (known !== undefined) return known;
  const word = /^\{([a-z]+?)s?\}$/.exec(unit)?.[1] ?? '';
  return words.has(word) ? word : words.has(`${word}s`) ? `${word}s` : '';
}
