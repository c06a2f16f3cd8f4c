const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** The number of a severity as people write it: a name such as `INFO` or `warn2`, or the number itself; 0 for '', undefined when there is none. */
export function severityOf(text: string): number | undefined {
  if (text === '') return 0;
  if (/^([1-9]|1\d|2[0-4])$/.test(text)) return Number(text);
  const match = /^([A-Z]+)([234])?$/.exec(text.toUpperCase());
  const level = levels.indexOf(match?.[1] ?? '');
  return level < 0 ? undefined : level * 4 + Number(match?.[2] ?? 1);
}
