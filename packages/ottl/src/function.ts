import type { ContextName } from './context-name.ts';
import type { EditableMap } from './editable-map.ts';
import type { Getter } from './getter.ts';
import type { Duration, Time } from './time.ts';
import type { TransformContext } from './transform-context.ts';
import type { Value, ValueList, ValueMap } from './value.ts';

/**
 * How a function is written. A converter:
 *
 *     export const hasPrefix = converter('HasPrefix', { value: string, prefix: string }, ({ value, prefix }) => (context) =>
 *       value(context).startsWith(prefix(context)),
 *     );
 *
 * The parameters are named as in the language (snake_case) and stand in its order; the argument of an optional one is undefined when it is not
 * given. `create` runs once, when a statement is compiled, and may throw an `Error` about its arguments (a bad literal pattern, say). What it
 * returns runs for every item, and may throw an `OttlError`.
 */
export interface FunctionDefinition {
  /** Upper-case for converters, lower-case for editors. */
  readonly name: string;
  readonly parameters: Parameters;
  /** The contexts that have it; absent: all. */
  readonly contexts?: readonly ContextName[];
  create(args: never, setup: FunctionSetup): Getter<Value>;
}

/** What a function may know about where it runs. */
export interface FunctionSetup {
  /** Nanoseconds since the epoch. */
  now(): bigint;
}

/** The parameters of a function by name, in order. */
export type Parameters = { readonly [name: string]: Parameter<unknown> };

/** The kinds of arguments that a parameter can take; what each means stands beside its constant below. */
export type ParameterKind = keyof ArgumentTypes;

/** What `create` is given for a parameter of each kind. */
interface ArgumentTypes {
  getter: Getter<Value>;
  string: Getter<string>;
  stringLike: Getter<string | undefined>;
  int: Getter<bigint>;
  intLike: Getter<bigint | undefined>;
  float: Getter<number>;
  floatLike: Getter<number | undefined>;
  bool: Getter<boolean>;
  boolLike: Getter<boolean | undefined>;
  bytesLike: Getter<Uint8Array | undefined>;
  time: Getter<Time>;
  duration: Getter<Duration>;
  map: Getter<ValueMap>;
  list: Getter<ValueList>;
  target: Target;
  mapTarget: MapTarget;
  listTarget: ListTarget;
  function: FunctionArgument;
  stringLiteral: string;
  intLiteral: bigint;
  floatLiteral: number;
  boolLiteral: boolean;
}

/** One parameter. */
export interface Parameter<T> {
  readonly kind: ParameterKind;
  readonly isOptional: boolean;
  /** Whether it takes a list literal whose elements are each of the kind. */
  readonly isList: boolean;
  /** Never there: it carries the type of the argument. */
  readonly type?: T;
}

/** What `create` is given for parameters. */
export type Arguments<P extends Parameters> = { readonly [Name in keyof P]: P[Name] extends Parameter<infer T> ? T : never };

/** A path that is read and written. */
export interface Target {
  get: Getter<Value>;
  /** Setting nil does nothing. */
  set(context: TransformContext, value: Value): void;
  /** A setter of this string, where the path has one that is cheaper than `set`. */
  setText?(text: string): (context: TransformContext) => void;
}

/** A path to a map that is changed in place. `set` takes back what `get` gave, after the changes; it costs nothing where they were made in place. */
export interface MapTarget {
  get(context: TransformContext): EditableMap;
  set(context: TransformContext, map: EditableMap): void;
}

/** A path to a list. `set` takes any list. */
export interface ListTarget {
  get(context: TransformContext): ValueList;
  set(context: TransformContext, list: ValueList): void;
}

/** A function given by name. Called with the getter of its only argument it makes the getter of its result; throws when it takes other arguments. */
export type FunctionArgument = (argument: Getter<Value>) => Getter<Value>;

function parameter<K extends ParameterKind>(kind: K): Parameter<ArgumentTypes[K]> {
  return { kind, isOptional: false, isList: false };
}

/** Any value. */
export const getter: Parameter<Getter<Value>> = parameter('getter');
/** A string; anything else is an error. */
export const string: Parameter<Getter<string>> = parameter('string');
/** A string, or the text of anything else: maps and lists as JSON, bytes as hexadecimal digits; nil stays undefined. */
export const stringLike: Parameter<Getter<string | undefined>> = parameter('stringLike');
/** An int; anything else is an error. */
export const int: Parameter<Getter<bigint>> = parameter('int');
/** An int, or what a float (truncated), a bool or a decimal string is as one; undefined for nil and for other strings; else an error. */
export const intLike: Parameter<Getter<bigint | undefined>> = parameter('intLike');
/** A float; anything else is an error. */
export const float: Parameter<Getter<number>> = parameter('float');
/** A float, or what an int, a bool or a string is as one; undefined for nil; else an error. */
export const floatLike: Parameter<Getter<number | undefined>> = parameter('floatLike');
/** A bool; anything else is an error. */
export const bool: Parameter<Getter<boolean>> = parameter('bool');
/** A bool, or what a number or a string is as one; undefined for nil; else an error. */
export const boolLike: Parameter<Getter<boolean | undefined>> = parameter('boolLike');
/** Bytes, the bytes of a string, or the big-endian bytes of a number or bool; undefined for nil; else an error. */
export const bytesLike: Parameter<Getter<Uint8Array | undefined>> = parameter('bytesLike');
/** A time; anything else is an error. */
export const time: Parameter<Getter<Time>> = parameter('time');
/** A duration; anything else is an error. */
export const duration: Parameter<Getter<Duration>> = parameter('duration');
/** A map; anything else is an error. */
export const map: Parameter<Getter<ValueMap>> = parameter('map');
/** A list; anything else is an error. */
export const list: Parameter<Getter<ValueList>> = parameter('list');
/** A path. */
export const target: Parameter<Target> = parameter('target');
/** A path that holds a map. */
export const mapTarget: Parameter<MapTarget> = parameter('mapTarget');
/** A path that holds a list. */
export const listTarget: Parameter<ListTarget> = parameter('listTarget');
/** The name of a converter that takes one argument. */
export const functionName: Parameter<FunctionArgument> = parameter('function');
/** A string literal. */
export const stringLiteral: Parameter<string> = parameter('stringLiteral');
/** An int literal. */
export const intLiteral: Parameter<bigint> = parameter('intLiteral');
/** A float literal. */
export const floatLiteral: Parameter<number> = parameter('floatLiteral');
/** `true` or `false`. */
export const boolLiteral: Parameter<boolean> = parameter('boolLiteral');

/** The parameter may be left out. */
export function optional<T>(of: Parameter<T>): Parameter<T | undefined> {
  return { ...(of as Parameter<T | undefined>), isOptional: true };
}

/** A list literal of such arguments. */
export function listOf<T>(of: Parameter<T>): Parameter<readonly T[]> {
  return { kind: of.kind, isOptional: false, isList: true };
}

/** Defines a converter: a function that yields a value and changes nothing. */
export function converter<P extends Parameters>(
  name: string,
  parameters: P,
  create: (args: Arguments<P>, setup: FunctionSetup) => Getter<Value>,
  contexts?: readonly ContextName[],
): FunctionDefinition {
  return { name, parameters, create, ...(contexts && { contexts }) };
}

/** Defines an editor: a function that changes the item. */
export function editor<P extends Parameters>(
  name: string,
  parameters: P,
  create: (args: Arguments<P>, setup: FunctionSetup) => (context: TransformContext) => void,
  contexts?: readonly ContextName[],
): FunctionDefinition {
  return {
    name,
    parameters,
    ...(contexts && { contexts }),
    create: (args: Arguments<P>, setup) => {
      const run = create(args, setup);
      return (context) => {
        run(context);
        return undefined;
      };
    },
  };
}
