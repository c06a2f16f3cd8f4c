/** The halves of an id `type` or `type/name`; `name` is empty without one. */
export interface IdParts {
  readonly type: string;
  readonly name: string;
}

const typePattern = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/;
const namePattern = /^[^\p{Z}\p{C}\p{S}]+$/u;

/** Splits an id at its first `/` and checks both halves as the Collector does; white space around them does not count. A string says what is wrong. */
export function parseId(id: string): IdParts | string {
  const parts = splitId(id);
  if (typeof parts === 'string' || typePattern.test(parts.type)) return parts;
  return `in ${JSON.stringify(id)} id: invalid character(s) in type ${JSON.stringify(parts.type)}`;
}

/** As `parseId` for the id of a pipeline, whose type is a signal. */
export function parsePipelineId(id: string): IdParts | string {
  const parts = splitId(id);
  if (typeof parts === 'string' || pipelineSignals.includes(parts.type)) return parts;
  return `in ${JSON.stringify(id)} id: unknown pipeline signal: ${JSON.stringify(parts.type)}`;
}

/** What the part of a pipeline's id before the first `/` can be. */
export const pipelineSignals: readonly string[] = ['traces', 'metrics', 'logs', 'profiles'];

/** `type` or `type/name`. */
export function joinId(parts: IdParts): string {
  return parts.name === '' ? parts.type : `${parts.type}/${parts.name}`;
}

function splitId(id: string): IdParts | string {
  const slash = id.indexOf('/');
  const type = (slash < 0 ? id : id.slice(0, slash)).trim();
  const name = slash < 0 ? '' : id.slice(slash + 1).trim();
  if (type === '') return slash < 0 ? 'id must not be empty' : `in ${JSON.stringify(id)} id: the part before / should not be empty`;
  if (slash >= 0 && name === '') return `in ${JSON.stringify(id)} id: the part after / should not be empty`;
  const length = Buffer.byteLength(name);
  if (length > 1024)
    return `in ${JSON.stringify(name)} id: name ${JSON.stringify(name)} is longer than 1024 characters (${length} characters)`;
  if (name !== '' && !namePattern.test(name)) return `in ${JSON.stringify(name)} id: invalid character(s) in name ${JSON.stringify(name)}`;
  return { type, name };
}
