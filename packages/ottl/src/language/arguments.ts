import type { FunctionArgument, FunctionDefinition, ListTarget, MapTarget, Parameter, ParameterKind, Target } from '../function.ts';
import { derive } from '../getter.ts';
import type { Getter } from '../getter.ts';
import { ValueMapEdit } from '../maps/value-map-edit.ts';
import type { Access } from '../paths/access.ts';
import { SyntaxProblem } from '../syntax/syntax-error.ts';
import type { Argument, Expression } from '../syntax/syntax-tree.ts';
import type { Value } from '../value.ts';
import { coercions } from '../values/coerce.ts';
import type { Compiler } from './compiler.ts';

/** Pairs what a call gives with the parameters of the function. Throws in the words of the Collector. */
export function bindArguments(compiler: Compiler, definition: FunctionDefinition, given: readonly Argument[], offset: number): object {
  const parameters = Object.entries(definition.parameters);
  const wrong = (at: number, message: string, place?: string): never =>
    compiler.at(at, () => {
      const text = `error while parsing arguments for call to ${JSON.stringify(definition.name)}: ${message}`;
      throw place === undefined ? new Error(text) : new SyntaxProblem(text, place);
    });
  const firstNamed = given.findIndex(({ name }) => name !== undefined);
  const unnamedAfter = firstNamed < 0 ? undefined : given.slice(firstNamed).find(({ name }) => name === undefined);
  if (unnamedAfter !== undefined) wrong(unnamedAfter.value.offset, 'unnamed argument used after named argument');
  const required = parameters.filter(([, { isOptional }]) => !isOptional).length;
  if (given.length < required || given.length > parameters.length) {
    wrong(offset, `incorrect number of arguments. Expected: ${parameters.length} Received: ${given.length}`);
  }
  const args: Record<string, unknown> = {};
  for (const [i, { name, value }] of given.entries()) {
    const found = name === undefined ? parameters[i] : parameters.find(([known]) => folded(known) === folded(name));
    if (found === undefined) return wrong(value.offset, `no such parameter: ${name}`);
    try {
      args[found[0]] = bindArgument(compiler, found[1], value);
    } catch (error) {
      // The place of what is wrong is that of the innermost argument.
      const inner = error instanceof SyntaxProblem ? error : undefined;
      wrong(value.offset, `invalid argument at position ${i}: ${inner?.problem ?? (error as Error).message}`, inner?.place);
    }
  }
  const missing = parameters.find(([name, { isOptional }]) => !isOptional && !Object.hasOwn(args, name));
  if (missing !== undefined) wrong(offset, `missing argument ${missing[0]}`);
  return args;
}

/** `regex_pattern` and `regexPattern` are one name. */
function folded(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

function bindArgument(compiler: Compiler, { kind, isList }: Parameter<unknown>, given: Expression): unknown {
  if (!isList) return bindOne(compiler, kind, given);
  if (given.kind !== 'list') throw new Error(`must be a list of type ${kind}`);
  return given.values.map((element, i) => {
    try {
      return bindOne(compiler, kind, element);
    } catch (error) {
      const inner = error instanceof SyntaxProblem ? error : undefined;
      const text = `error while parsing list argument at index ${i}: ${inner?.problem ?? (error as Error).message}`;
      throw inner === undefined ? new Error(text) : new SyntaxProblem(text, inner.place);
    }
  });
}

function bindOne(compiler: Compiler, kind: ParameterKind, given: Expression): unknown {
  switch (kind) {
    case 'target':
      return target(editedPath(compiler, given));
    case 'mapTarget':
      return mapTarget(editedPath(compiler, given));
    case 'listTarget':
      return listTarget(editedPath(compiler, given));
    case 'function':
      return functionArgument(compiler, given);
    case 'stringLiteral':
      return constant(given, 'string', 'a string');
    case 'intLiteral':
      return constant(given, 'bigint', 'an int');
    case 'floatLiteral':
      return constant(given, 'number', 'a float');
    case 'boolLiteral':
      return constant(given, 'boolean', 'a bool');
    case 'getter':
      return compiler.value(given);
    default:
      return derive<Value, unknown>(compiler.value(given), coercions[kind]);
  }
}

function constant(given: Expression, type: string, what: string): unknown {
  if (given.kind !== 'literal' || typeof given.value !== type) throw new Error(`must be ${what}`);
  return given.value;
}

function editedPath(compiler: Compiler, given: Expression): Access {
  if (given.kind !== 'path') throw new Error('must be a path');
  return compiler.path(given, true);
}

function target(access: Access): Target {
  return {
    get: (context) => access.get(context),
    set: (context, value) => access.set(context, value),
    ...(access.setText && { setText: (text: string) => access.setText!(text) }),
  };
}

function mapTarget(access: Access): MapTarget {
  const { map } = access;
  if (map !== undefined) return { get: (context) => map(context), set: () => {} };
  return {
    get: (context) => new ValueMapEdit(new Map(coercions.map(access.get(context)))),
    set: (context, edited) => access.set(context, (edited as ValueMapEdit).map),
  };
}

function listTarget(access: Access): ListTarget {
  return { get: (context) => coercions.list(access.get(context)), set: (context, list) => access.set(context, list) };
}

function functionArgument(compiler: Compiler, given: Expression): FunctionArgument {
  if (given.kind !== 'name') throw new Error('invalid function name given');
  const definition = compiler.function(given.name, given.offset);
  const parameters = Object.entries(definition.parameters);
  return (argument: Getter<Value>) => {
    if (parameters.length !== 1) throw new Error(`incorrect number of arguments. Expected: ${parameters.length} Received: 1`);
    const [name, { kind }] = parameters[0]!;
    const coerce = Object.hasOwn(coercions, kind) ? coercions[kind as keyof typeof coercions] : undefined;
    if (coerce === undefined) throw new Error(`the function ${definition.name} does not take a string`);
    return definition.create({ [name]: derive<Value, unknown>(argument, coerce) } as never, compiler.options);
  };
}
