import { describe, expect, it } from '@jest/globals';
import { BatchBuilder, BufferPool, MemoryLedger, walk } from '@millrace/wire';
import type { SpanView } from '@millrace/wire';
import { CallReader } from '../src/index.ts';
import { plain } from './read.ts';

/** Shows the view of a span with these attributes. */
function show(attributes: Readonly<Record<string, string | number>>, to: (span: SpanView) => void): void {
  const builder = new BatchBuilder('traces', new BufferPool(new MemoryLedger(1 << 24)));
  builder
    .resource()
    .scope('test')
    .span({ attributes: plain(attributes) });
  walk([{ onSpan: to }], (_visitor, error) => {
    throw error;
  }).run(builder.finish()!);
}

describe('What a reader noted', () => {
  it('is where the attributes are that a dialect has or that were asked for', () => {
    const reader = new CallReader(['app.note', 'gen_ai.request.model']);
    const { noted } = reader;
    const values = (span: SpanView): string[] => {
      reader.readSpan(span);
      return Array.from({ length: noted.count }, (_, index) => {
        const slot = noted.placeOf(noted.fieldAt(index));
        return `${span.attributes.keyAt(slot)}=${span.attributes.valueAt(slot).string()}`;
      });
    };
    show({ 'gen_ai.request.model': 'm', other: 'x', 'app.note': 'n' }, (span) =>
      expect(values(span)).toEqual(['gen_ai.request.model=m', 'app.note=n']),
    );
    show({ 'app.note': 'again', 'gen_ai.system': 'openai' }, (span) => {
      expect(values(span)).toEqual(['app.note=again', 'gen_ai.system=openai']);
      expect(noted.placeOf(noted.numberOf('gen_ai.request.model'))).toBe(-1);
      expect(noted.hasRepeated).toBe(false);
    });
  });
});
