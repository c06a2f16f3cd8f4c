import type { Batch } from '@millrace/api';
import { compileCondition, compileStatements, editor, mapTarget, standardFunctions, string, stringLiteral } from '@millrace/ottl';
import type { FunctionDefinition, TransformContext } from '@millrace/ottl';
import type { RouteConfig } from './config.ts';

/** A route's decision, and what it changes in what it takes. */
export interface Route {
  readonly about: RouteConfig['context'];
  readonly isCopy: boolean;
  /** Whether the route takes what the context shows. Throws when its condition fails. Of a route about requests: never asked. */
  matches(context: TransformContext): boolean;
  /** Of a route about requests. */
  matchesRequest(batch: Batch): boolean;
  /** Changes what the context shows and the route takes; absent when it changes nothing. */
  readonly edit: ((context: TransformContext) => void) | undefined;
  /** Whether that is above what the context is about. */
  readonly editsUpward: boolean;
}

const request = /^\s*request\["((?:[^"\\]|\\.)*)"\]\s*(==|!=)\s*"((?:[^"\\]|\\.)*)"\s*$/;

const editing = new Set(['delete_key', 'delete_matching_keys']);
const converters = standardFunctions.filter(({ name }) => /^[A-Z]/.test(name));
const editors = standardFunctions.filter(({ name }) => editing.has(name));
const routeEditor = editor('route', {}, () => () => {});

/** Compiles a line of the routing table. Throws an `Error` that says what is wrong with its condition or statement. `nowNs` is for functions of time. */
export function compileRoute({ context: about, condition, statement, action }: RouteConfig, nowNs: bigint | (() => bigint)): Route {
  const never = { matches: () => false, matchesRequest: () => false, edit: undefined, editsUpward: false };
  const common = { ...never, about, isCopy: action === 'copy' };
  if (about === 'request') return { ...common, matchesRequest: requestTest(condition) };
  const setup = { now: typeof nowNs === 'bigint' ? () => nowNs : nowNs };
  if (statement === '') return { ...common, matches: compileCondition(about, condition, { ...setup, functions: converters }) };
  // A statement takes what its editor runs on: editors that only say so tell it without changing anything.
  let ran = false;
  const tell = (): void => {
    ran = true;
  };
  const probes: FunctionDefinition[] = [
    editor('route', {}, () => tell),
    editor('delete_key', { target: mapTarget, key: string }, () => tell),
    editor('delete_matching_keys', { target: mapTarget, pattern: stringLiteral }, () => tell),
  ];
  const options = { ...setup, errorMode: 'propagate', onFailure: () => {} } as const;
  const probe = compileStatements(about, [statement], { ...options, functions: [...converters, ...probes] });
  const editStatement = compileStatements(about, [statement], { ...options, functions: [...converters, ...editors, routeEditor] });
  return {
    ...common,
    matches(context) {
      ran = false;
      probe.run(context);
      return ran;
    },
    edit: /^\s*route\s*\(/.test(statement) ? undefined : (context) => editStatement.run(context),
    editsUpward: [...editStatement.edits].some((edited) => edited !== about),
  };
}

/** A header of the sender, whichever way it came: equal when one of its values is. */
function requestTest(condition: string): (batch: Batch) => boolean {
  const parts = request.exec(condition);
  if (parts === null) throw new Error(`condition must have format 'request["<name>"] <comparator> <value>', got: ${condition}`);
  const [key, value] = [parts[1]!, parts[3]!].map((text) => text.replaceAll(/\\(.)/g, '$1')) as [string, string];
  const name = key.toLowerCase();
  const wantsEqual = parts[2] === '==';
  return (batch) => (batch.client.metadata.get(name)?.includes(value) ?? false) === wantsEqual;
}
