import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { run } from '../src/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'summary-'));
const start = Date.UTC(2026, 10, 10, 12);

async function millrace(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const terminal = {
    stdout: (text: string) => void (printed.out += text),
    stderr: (text: string) => void (printed.err += text),
    env: {},
    cwd: folder,
  };
  return { code: await run(argv, terminal as never), ...printed };
}

function line(task: string, amount: number, endMs: number): string {
  const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name: 'chat',
    startTimeUnixNano: `${endMs - 1000}000000`,
    endTimeUnixNano: `${endMs}000000`,
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.request.model', 'm'),
      text('millrace.task_type', task),
      text('millrace.cost.status', 'priced'),
      text('millrace.cost.currency', 'USD'),
      { key: 'millrace.cost.amount', value: { doubleValue: amount } },
    ],
  };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
}

function file(name: string, ...lines: string[]): string {
  writeFileSync(join(folder, name), lines.map((text) => `${text}\n`).join(''));
  return name;
}

describe('millrace summary and cost (SHM-10)', () => {
  it('tell what files say, whole or of the last hours', async () => {
    const one = file('one.jsonl', line('chat', 1, start), line('review', 2.5, start + 3_600_000), '{"resourceMetrics":[]}', '');
    const two = file('two.jsonl', line('review', 0.5, start + 86_400_000));
    const whole = await millrace('summary', one, two);
    expect({ code: whole.code, err: whole.err }).toEqual({ code: 0, err: '' });
    expect(whole.out).toContain('requests   3, 100.0 % successful');
    expect(whole.out).toContain('cost       4.00 USD');
    expect(whole.out).toContain('2026-11-10T12:00:00.000Z to 2026-11-11T13:00:00.000Z');
    const last = await millrace('summary', one, two, '--window', '1h', '--json');
    expect((JSON.parse(last.out) as { totals: object }).totals).toMatchObject({ requests: 1, cost: 0.5 });
    const cost = await millrace('cost', one, two, '--by', 'task');
    expect(cost.out).toMatch(/^review +2 .* 3\.00 USD +75\.0 %/m);
    expect(cost.out).toMatch(/^chat +1 .* 1\.00 USD +25\.0 %/m);
    expect(cost.out).toMatch(/^total +3 /m);
  });

  it('name the file and line of what is no telemetry', async () => {
    const bad = file('bad.jsonl', line('chat', 1, start), '{"resourceSpans":[{"scopeSpans":5}]}');
    expect(await millrace('summary', bad)).toMatchObject({ code: 1, err: expect.stringMatching(/^Error: bad\.jsonl:2: /) });
    expect(await millrace('summary', 'missing.jsonl')).toMatchObject({ code: 1, err: expect.stringContaining('missing.jsonl') });
  });

  it('say what to do when no pipeline answers, and when flags do not fit', async () => {
    expect((await millrace('summary', '--endpoint', '127.0.0.1:9')).err).toContain('Is a pipeline with exporter "summary" running there?');
    expect((await millrace('cost', 'x.jsonl', '--endpoint', '127.0.0.1:9')).err).toContain('cost needs files or --endpoint, not both');
    expect((await millrace('cost', '--by', 'colour')).err).toContain('must be one of model, provider, user, team, task, tier, api_key');
    expect((await millrace('summary', file('ok.jsonl', line('chat', 1, start)), '--window', 'soon')).code).toBe(1);
  });
});
