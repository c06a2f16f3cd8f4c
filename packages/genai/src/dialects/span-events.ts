import type { SpanView } from '@millrace/wire';
import type { Call } from '../call.ts';
import type { ViewFacts } from '../view-facts.ts';
import { readFirstChunk } from './manner.ts';
import { readEvaluation } from './outcome.ts';
import { field } from '../field.ts';

/** More events than these are not looked at: each token of a long answer may have one. */
const mostEvents = 64;
const firstChunkNames: ReadonlySet<string> = new Set([
  'First Token Stream Event',
  'llm.content.completion.chunk',
  'gen_ai.content.completion.chunk',
]);
const evaluationEvent = 'gen_ai.evaluation.result';
const vercelFirstChunk = 'ai.stream.firstChunk';
const exceptionEvent = 'exception';
const exceptionType = field('exception.type');

/** What the events of a span add: when the first chunk came, how the answer was judged, what kind of error it was. */
export function readEvents(span: SpanView, facts: ViewFacts, into: Call): void {
  const { events } = span;
  const start = span.startTimeUnixNano;
  for (let index = 0; index < events.size && index < mostEvents; index++) {
    if (events.isDropped(index)) continue;
    const event = events.at(index);
    const { name } = event;
    if (name === evaluationEvent) {
      facts.bind(event.attributes);
      readEvaluation(facts, into);
    } else if (name === vercelFirstChunk) {
      facts.bind(event.attributes);
      if (Number.isNaN(into.timeToFirstChunk)) readFirstChunk(facts, into, span);
    } else if (name === exceptionEvent && into.errorType === '_OTHER') {
      facts.bind(event.attributes);
      into.errorType = facts.text(exceptionType) || into.errorType;
    } else if (Number.isNaN(into.timeToFirstChunk) && firstChunkNames.has(name)) {
      const seconds = Number(event.timeUnixNano - start) / 1e9;
      if (seconds >= 0) {
        into.timeToFirstChunk = seconds;
        into.streamed = true;
      }
    }
  }
}
