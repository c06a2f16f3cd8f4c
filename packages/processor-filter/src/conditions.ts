import { compileConditions, conditionFunctions, inferContext } from '@millrace/ottl';
import type { Condition, ContextName, FailureReport, FunctionDefinition, TransformContext } from '@millrace/ottl';
import { contextsOf } from './condition-groups.ts';
import type { FilteredSignal, Group } from './condition-groups.ts';

/** What conditions need of their host. */
export interface ConditionHost {
  /** Nanoseconds since the epoch. */
  now(): bigint;
  /** Where failures of the conditions of a context are told. */
  reportFor(context: ContextName): FailureReport;
}

/** The compiled conditions of a signal by context. */
export class Conditions {
  /** Whether a condition reads data points when it is asked about their metric. */
  readsAhead = false;
  readonly #byContext = new Map<ContextName, Condition[]>();
  readonly #functions: readonly FunctionDefinition[];
  readonly #host: ConditionHost;

  /** Throws an Error whose message begins with the path of the group that is wrong. */
  constructor(signal: FilteredSignal, groups: readonly Group[], host: ConditionHost) {
    this.#host = host;
    this.#functions = conditionFunctions(() => (this.readsAhead = true));
    for (const group of groups) {
      try {
        this.#add(signal, group);
      } catch (error) {
        throw new Error(`${group.path}: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  #add(signal: FilteredSignal, group: Group): void {
    if (group.context !== undefined) {
      this.#compile(group.context, group.conditions, group, false);
      return;
    }
    const texts = new Map<ContextName, string[]>();
    for (const text of group.conditions) {
      const context = inferContext({ conditions: [text] }, contextsOf[signal], this.#functions);
      const same = texts.get(context);
      if (same === undefined) texts.set(context, [text]);
      else same.push(text);
    }
    for (const [context, conditions] of texts) this.#compile(context, conditions, group, true);
  }

  #compile(context: ContextName, conditions: readonly string[], { errorMode }: Group, qualified: boolean): void {
    if (conditions.length === 0) return;
    const { now } = this.#host;
    const onFailure = this.#host.reportFor(context);
    const condition = compileConditions(context, conditions, { functions: this.#functions, qualified, now, errorMode, onFailure });
    const others = this.#byContext.get(context);
    if (others === undefined) this.#byContext.set(context, [condition]);
    else others.push(condition);
  }

  /** Whether one of the conditions of a context holds; undefined when there are none. */
  of(context: ContextName): ((shown: TransformContext) => boolean) | undefined {
    const conditions = this.#byContext.get(context);
    if (conditions === undefined) return undefined;
    if (conditions.length === 1) return conditions[0];
    return (shown) => conditions.some((condition) => condition(shown));
  }
}
