import { obfuscateSql } from './obfuscate-sql.ts';
import type { DatadogSpan } from './span.ts';

const unparsed = 'Non-parsable SQL query';

/** Hides literals in a span before it is counted or sent, by its type: SQL resources, Redis commands, credentials in URLs. */
export function obfuscateSpan(span: DatadogSpan): void {
  switch (span.type) {
    case 'sql':
    case 'cassandra': {
      if (span.resource === '') return;
      span.resource = obfuscateSql(span.resource) ?? unparsed;
      span.meta.set('sql.query', span.resource);
      return;
    }
    case 'redis':
    case 'valkey':
      span.resource = quantizeRedis(span.resource);
      return;
    case 'web':
    case 'http': {
      const url = span.meta.get('http.url') ?? '';
      if (url !== '') span.meta.set('http.url', withoutUserInfo(url));
    }
  }
}

const compoundCommands = new Set(['CLIENT', 'CLUSTER', 'COMMAND', 'CONFIG', 'DEBUG', 'SCRIPT']);
const maxCommands = 3;

/** The names of the first three commands of a Redis query, one a line, without their arguments. */
export function quantizeRedis(query: string): string {
  const commands: string[] = [];
  let isCut = false;
  for (const raw of query.split('\n')) {
    if (commands.length === maxCommands) break;
    const words = raw.trim().split(/\s+/);
    if (words[0] === '') continue;
    isCut = words[0]!.endsWith('...');
    if (isCut) continue;
    const command = words[0]!.toUpperCase();
    if (!compoundCommands.has(command) || words.length === 1) commands.push(command);
    else {
      isCut = words[1]!.endsWith('...');
      if (!isCut) commands.push(`${command} ${words[1]!.toUpperCase()}`);
    }
  }
  if (commands.length === maxCommands || isCut) commands.push('...');
  return commands.join(' ');
}

function withoutUserInfo(url: string): string {
  return url.replace(/^([a-zA-Z][a-zA-Z0-9+.-]*:)?\/\/[^/?#]*@/, '$1//');
}
