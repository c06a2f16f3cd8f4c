import { describe, expect, it } from '@jest/globals';
import { ConfigError, formatProblems } from '@millrace/config';

describe('formatProblems', () => {
  it('shows message, place, expectation and suggestion', () => {
    const text = formatProblems([
      {
        verdict: 'invalid',
        message: 'a is wrong',
        path: 'x::a',
        file: 'f.yaml',
        line: 3,
        column: 5,
        expected: 'one of: b, c',
        suggestion: 'b',
      },
      { verdict: 'unsupported', message: 'd is not there', path: 'x::d', file: '--set x.d' },
      { verdict: 'invalid', message: 'nothing', path: '' },
    ]);
    expect(text).toBe(
      [
        'a is wrong\n    at f.yaml:3:5 (x::a)\n    expected one of: b, c\n    did you mean "b"?',
        'unsupported: d is not there\n    at --set x.d (x::d)\n    see docs/compatibility.md',
        'nothing',
      ].join('\n'),
    );
  });

  it('is the message of a ConfigError', () => {
    const problems = [{ verdict: 'invalid', message: 'a', path: 'b' }] as const;
    expect(new ConfigError(problems)).toMatchObject({ name: 'ConfigError', problems, message: 'a\n    at (b)' });
  });
});
