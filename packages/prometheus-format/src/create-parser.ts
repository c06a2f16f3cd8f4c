import type { ExpositionParser, ExpositionVisitor } from './parsed-sample.ts';
import { ProtobufParser } from './protobuf-parser.ts';
import { TextParser } from './text-parser.ts';

/** Formats that can be parsed. */
export type ParsedFormat = 'text' | 'openmetrics' | 'protobuf';

/** The format that a `Content-Type` header announces; undefined when it is none that can be parsed. */
export function formatOf(contentType: string): ParsedFormat | undefined {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  if (type === 'application/openmetrics-text') return 'openmetrics';
  if (type === 'text/plain') return 'text';
  if (type !== 'application/vnd.google.protobuf') return undefined;
  const has = (name: string, value: string): boolean =>
    parameters.every((parameter) => !parameter.startsWith(`${name}=`) || parameter === `${name}=${value}`);
  return has('proto', 'io.prometheus.client.metricfamily') && has('encoding', 'delimited') ? 'protobuf' : undefined;
}

/** A parser of a format that tells a visitor what it reads. */
export function createParser(format: ParsedFormat, visitor: ExpositionVisitor): ExpositionParser {
  return format === 'protobuf' ? new ProtobufParser(visitor) : new TextParser(visitor, format === 'openmetrics');
}
