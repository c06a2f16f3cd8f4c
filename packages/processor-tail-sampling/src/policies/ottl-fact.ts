import type { Context, SpanView } from '@millrace/api';
import { compileConditions, standardFunctions, TransformContext } from '@millrace/ottl';
import type { Condition, ContextName } from '@millrace/ottl';
import type { PolicyConfig } from '../config.ts';
import { outcomes } from '../fact.ts';
import type { Fact, Outcome } from '../fact.ts';

/** Some span, or some event of a span, meets one of the conditions. Fails when a condition does in mode `propagate`. */
export class OttlFact implements Fact {
  readonly #span: Condition | undefined;
  readonly #event: Condition | undefined;
  readonly #shown = new TransformContext();
  readonly #logger: Context['logger'];

  /** Throws an `Error` for a condition that is wrong. */
  constructor(config: NonNullable<PolicyConfig['ottl_condition']>, { logger, clock }: Pick<Context, 'logger' | 'clock'>) {
    if (config.span.length === 0 && config.spanevent.length === 0) throw new Error('expected at least one OTTL condition to filter on');
    const compile = (context: ContextName, texts: readonly string[]): Condition | undefined =>
      texts.length === 0
        ? undefined
        : compileConditions(context, texts, {
            functions: standardFunctions,
            now: () => BigInt(Math.round(clock.now())) * 1_000_000n,
            errorMode: config.error_mode === '' ? 'silent' : config.error_mode,
            onFailure: (condition, error) => logger.warn('failed to eval condition', { condition, error: error.message }),
          });
    this.#logger = logger;
    this.#span = compile('span', config.span);
    this.#event = compile('spanevent', config.spanevent);
  }

  span(span: SpanView): Outcome {
    const shown = this.#shown;
    try {
      if (this.#span?.(shown.onSpan(span)) === true) return outcomes.holds;
      if (this.#event === undefined) return outcomes.open;
      const { events } = span;
      for (let i = 0; i < events.size; i++) if (this.#event(shown.onSpanEvent(span, events.at(i), i))) return outcomes.holds;
      return outcomes.open;
    } catch (error) {
      this.#logger.debug('Sampling policy error', { error: String(error) });
      return outcomes.failed;
    }
  }
}
