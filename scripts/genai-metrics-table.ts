import { metricDefinitions } from '@millrace/genai';

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

/** The metrics of applications with generative AI, one row each. */
export function genaiMetricsTable(): string {
  const lines = [
    '| metric | kind | unit | meaning | labels | recorded by | requirements | asked for as |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const { name, instrument, unit, description, labels, producers, requirements, seeds } of metricDefinitions) {
    const cells = [
      `\`${name}\``,
      instrument.replaceAll('_', ' '),
      `\`${unit}\``,
      description,
      code(labels),
      producers.join(', '),
      requirements.join(', '),
      seeds.map((seed) => (/^[a-z_]+$/.test(seed) ? `\`${seed}\`` : seed)).join(', '),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}
