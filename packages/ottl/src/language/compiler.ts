import type { CompileOptions, Condition } from '../compile.ts';
import type { ContextName } from '../context-name.ts';
import type { FunctionDefinition } from '../function.ts';
import { literal } from '../getter.ts';
import type { Getter } from '../getter.ts';
import { OttlError } from '../ottl-error.ts';
import type { Access } from '../paths/access.ts';
import { enums } from '../paths/enums.ts';
import { resolvePath } from '../paths/resolve-path.ts';
import { SyntaxProblem, placeOf } from '../syntax/syntax-error.ts';
import type { BooleanExpression, Call, Expression, Path } from '../syntax/syntax-tree.ts';
import type { TransformContext } from '../transform-context.ts';
import { typeName } from '../value.ts';
import type { Value } from '../value.ts';
import { IndexKey, indexResult } from '../values/index-key.ts';
import { bindArguments } from './arguments.ts';
import { calculate, negate } from './calculate.ts';
import { compileComparison } from './comparison.ts';
import { always, never } from './constants.ts';

/** Compiles the parts of one text for a context. What is wrong is thrown as a `SyntaxProblem`. */
export class Compiler {
  readonly context: ContextName;
  readonly options: CompileOptions;
  /** The contexts whose data the text changes. */
  readonly edits: Set<ContextName>;
  readonly #source: string;
  readonly #functions: ReadonlyMap<string, FunctionDefinition>;

  constructor(source: string, context: ContextName, options: CompileOptions, edits: Set<ContextName>) {
    this.#source = source;
    this.context = context;
    this.options = options;
    this.edits = edits;
    this.#functions = functionsOf(context, options.functions);
  }

  /** Runs `make` and gives the place to what it throws. */
  at<T>(offset: number, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (error instanceof SyntaxProblem) throw error;
      throw new SyntaxProblem((error as Error).message, placeOf(this.#source, offset));
    }
  }

  value(expression: Expression): Getter<Value> {
    switch (expression.kind) {
      case 'literal':
        return literal<Value>(expression.value);
      case 'name':
        return literal<Value>(this.#enum(expression));
      case 'path': {
        const access = this.path(expression);
        return (context) => access.get(context);
      }
      case 'call':
        return this.#converter(expression);
      case 'list':
        return this.#list(expression.values.map((value) => this.value(value)));
      case 'map':
        return this.#map(expression.entries.map(([name, value]) => [name, this.value(value)]));
      case 'negative': {
        const operand = this.value(expression.value);
        return (context) => negate(operand(context));
      }
      default: {
        const { operator } = expression;
        const left = this.value(expression.left);
        const right = this.value(expression.right);
        return (context) => calculate(left(context), right(context), operator);
      }
    }
  }

  #enum({ name, isEnum, offset }: Extract<Expression, { kind: 'name' }>): bigint {
    const known = enums[this.context];
    return this.at(offset, () => {
      if (!isEnum) throw new Error(`unexpected token ${JSON.stringify(name)} (expected "(")`);
      if (this.context === 'resource' || this.context === 'scope') {
        throw new Error(`${this.context === 'scope' ? 'instrumentation scope' : 'resource'} context does not provide Enum support`);
      }
      if (!Object.hasOwn(known, name)) throw new Error(`enum symbol, ${name}, not found`);
      return known[name]!;
    });
  }

  #list(values: readonly Getter<Value>[]): Getter<Value> {
    if (values.every((value) => value.literal !== undefined)) return literal<Value>(values.map((value) => value.literal!.value));
    return (context) => values.map((value) => value(context));
  }

  #map(entries: readonly (readonly [string, Getter<Value>])[]): Getter<Value> {
    if (entries.every(([, value]) => value.literal !== undefined)) {
      return literal<Value>(new Map(entries.map(([name, value]) => [name, value.literal!.value])));
    }
    return (context) => new Map(entries.map(([name, value]) => [name, value(context)]));
  }

  /** How a path is read and written; `isEdited`: it is going to be written. */
  path(path: Path, isEdited = false): Access {
    const keys = path.segments.at(-1)!.keys.map((key) => new IndexKey(this.value(key)));
    const { access, owner } = this.at(path.offset, () => resolvePath(this.context, path, this.options.qualified === true, keys));
    if (isEdited) this.edits.add(owner);
    return access;
  }

  #converter(call: Call): Getter<Value> {
    const result = this.call(call);
    if (call.keys.length === 0) return result;
    const keys = call.keys.map((key) => new IndexKey(this.value(key)));
    return (context) => indexResult(result(context), keys, context);
  }

  /** The call of a function. */
  call({ name, arguments: given, offset }: Call): Getter<Value> {
    const definition = this.function(name, offset);
    const args = bindArguments(this, definition, given, offset);
    return this.at(offset, () => {
      try {
        return definition.create(args as never, this.options);
      } catch (error) {
        throw new Error(`couldn't create function: ${(error as Error).message}`, { cause: error });
      }
    });
  }

  /** The function of a name. */
  function(name: string, offset: number): FunctionDefinition {
    return this.at(offset, () => {
      const definition = this.#functions.get(name);
      if (definition === undefined) throw new Error(`undefined function ${JSON.stringify(name)}`);
      return definition;
    });
  }

  condition(expression: BooleanExpression): Condition {
    switch (expression.kind) {
      case 'or':
        return either(expression.terms.map((term) => this.condition(term)));
      case 'and':
        return both(expression.terms.map((term) => this.condition(term)));
      case 'not': {
        const term = this.condition(expression.term);
        if (term === always) return never;
        return term === never ? always : (context) => !term(context);
      }
      case 'constant': {
        return expression.value ? always : never;
      }
      case 'comparison':
        return compileComparison(this, expression);
      default:
        return this.#test(expression);
    }
  }

  #test(call: Call): Condition {
    const result = this.#converter(call);
    return (context) => {
      const value = result(context);
      if (typeof value === 'boolean') return value;
      throw new OttlError(`value returned from Converter in constant expression must be bool but got ${typeName(value)}`);
    };
  }
}

function functionsOf(context: ContextName, functions: readonly FunctionDefinition[]): ReadonlyMap<string, FunctionDefinition> {
  return new Map(functions.filter(({ contexts }) => contexts?.includes(context) ?? true).map((one) => [one.name, one]));
}

function either(all: readonly Condition[]): Condition {
  if (all.includes(always)) return always;
  const terms = all.filter((term) => term !== never);
  if (terms.length < 2) return terms[0] ?? never;
  const [first, second] = terms as [Condition, Condition];
  if (terms.length === 2) return (context) => first(context) || second(context);
  return (context: TransformContext) => {
    for (const term of terms) if (term(context)) return true;
    return false;
  };
}

function both(all: readonly Condition[]): Condition {
  if (all.includes(never)) return never;
  const terms = all.filter((term) => term !== always);
  if (terms.length < 2) return terms[0] ?? always;
  const [first, second] = terms as [Condition, Condition];
  if (terms.length === 2) return (context) => first(context) && second(context);
  return (context: TransformContext) => {
    for (const term of terms) if (!term(context)) return false;
    return true;
  };
}
