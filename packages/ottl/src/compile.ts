import type { ContextName } from './context-name.ts';
import type { FunctionDefinition, FunctionSetup } from './function.ts';
import type { Getter } from './getter.ts';
import { Compiler } from './language/compiler.ts';
import { infer } from './language/infer-context.ts';
import { OttlError } from './ottl-error.ts';
import { parseCondition, parseExpression, parseStatement } from './syntax/parser.ts';
import type { TransformContext } from './transform-context.ts';
import type { Value } from './value.ts';

/** How statements and conditions are compiled. */
export interface CompileOptions extends FunctionSetup {
  /** The functions that may be called: `standardFunctions` and the host's own. Those of other contexts are passed over. */
  readonly functions: readonly FunctionDefinition[];
  /**
   * Whether each path must name its context (`span.name`), as where the context was inferred. Default false: a path without one belongs to
   * the context given.
   */
  readonly qualified?: boolean;
}

/** What happens when a statement or a condition fails on an item: go on with the next one and tell, go on silently, or give the batch up. */
export type ErrorMode = 'ignore' | 'silent' | 'propagate';

/** Where failures are told: never called in mode `silent`. */
export type FailureReport = (text: string, error: Error, context: TransformContext) => void;

/** A list of statements with its error mode. */
export interface StatementOptions extends CompileOptions {
  readonly errorMode: ErrorMode;
  readonly onFailure: FailureReport;
}

/** A compiled list of statements. */
export interface Statements {
  /** Runs all of them on what the context shows. In mode `propagate` the first failure is thrown as an `OttlError`. */
  run(context: TransformContext): void;
  /** The contexts whose data they change. Where one is above the item, the visitor has the trait `editsUpward`. */
  readonly edits: ReadonlySet<ContextName>;
}

/** A compiled condition. Throws an `OttlError` when it fails. */
export type Condition = (context: TransformContext) => boolean;

/** Compiles statements (`set(attributes["a"], 1) where name == "x"`) for a context. Throws one `Error` that names every statement that is wrong, with the column. */
export function compileStatements(context: ContextName, texts: readonly string[], options: StatementOptions): Statements {
  const edits = new Set<ContextName>();
  const statements = each(texts, 'statement', (text) => compileStatement(context, text, options, edits));
  const { errorMode, onFailure } = options;
  return {
    edits,
    run(item) {
      for (const { text, where, editor } of statements) {
        try {
          if (where === undefined || where(item)) editor(item);
        } catch (error) {
          if (errorMode === 'propagate') throw new OttlError(`failed to execute statement: ${text}, ${(error as Error).message}`);
          if (errorMode === 'ignore') onFailure(text, error as Error, item);
        }
      }
    },
  };
}

function compileStatement(
  context: ContextName,
  text: string,
  options: CompileOptions,
  edits: Set<ContextName>,
): { readonly text: string; readonly where: Condition | undefined; readonly editor: Getter<Value> } {
  const { editor, where } = syntax('statement', () => parseStatement(text));
  const compiler = new Compiler(text, context, options, edits);
  const run = compiler.call(editor);
  return { text, where: where && compiler.condition(where), editor: run };
}

/** Compiles one condition for a context. Throws an `Error` with the column of what is wrong. */
export function compileCondition(context: ContextName, text: string, options: CompileOptions): Condition {
  const expression = syntax('condition', () => parseCondition(text));
  return new Compiler(text, context, options, new Set()).condition(expression);
}

/**
 * Compiles conditions of which one must hold (`any`, the default), or each (`all`), with their error mode: one that fails is passed over in the
 * modes `ignore` and `silent`; where all fail the result is false.
 */
export function compileConditions(
  context: ContextName,
  texts: readonly string[],
  options: StatementOptions & { readonly holds?: 'any' | 'all' },
): Condition {
  const conditions = each(texts, 'condition', (text) => ({ text, test: compileCondition(context, text, options) }));
  const { errorMode, onFailure, holds = 'any' } = options;
  return (item) => {
    let isHeld = false;
    for (const { text, test } of conditions) {
      try {
        if (test(item)) {
          if (holds === 'any') return true;
          isHeld = true;
        } else if (holds === 'all') return false;
      } catch (error) {
        if (errorMode === 'propagate') throw new OttlError(`failed to eval condition: ${text}, ${(error as Error).message}`);
        if (errorMode === 'ignore') onFailure(text, error as Error, item);
      }
    }
    return isHeld;
  };
}

/** Compiles an expression that yields a value (`attributes["a"] + 1`). */
export function compileExpression(context: ContextName, text: string, options: CompileOptions): Getter<Value> {
  const expression = syntax('expression', () => parseExpression(text));
  return new Compiler(text, context, options, new Set()).value(expression);
}

/**
 * The context that statements and conditions with qualified paths are about: the lowest of those that they name, or a lower one when only
 * that has their functions and enums. `candidates` are the contexts that the host supports. Throws an `Error` when there is none.
 */
export function inferContext(
  texts: { readonly statements?: readonly string[]; readonly conditions?: readonly string[] },
  candidates: readonly ContextName[],
  functions: readonly FunctionDefinition[],
): ContextName {
  return infer(texts, candidates, functions);
}

function syntax<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(`${what} has invalid syntax: ${(error as Error).message}`, { cause: error });
  }
}

function each<T>(texts: readonly string[], what: string, compile: (text: string) => T): readonly T[] {
  const problems: string[] = [];
  const compiled: T[] = [];
  for (const text of texts) {
    try {
      compiled.push(compile(text));
    } catch (error) {
      problems.push(`unable to parse OTTL ${what} ${JSON.stringify(text)}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
  return compiled;
}
