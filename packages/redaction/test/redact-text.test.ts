import { hints, redactText } from '@millrace/redaction';
import { describe, expect, it } from '@jest/globals';

describe('A text for a log', () => {
  it.each<[string, string]>([
    ['', ''],
    ['/cart/7', '/cart/7'],
    ['jane.doe@example.com', '[REDACTED]'],
    ['é jane.doe@example.com, joe@example.org!', 'é [REDACTED], [REDACTED]!'],
    ['card 4111 1111 1111 1111 of jane.doe@example.com', 'card [REDACTED] of [REDACTED]'],
    ['postgres://jane:tops3cret@db.example.com/x', 'postgres://jane:[REDACTED]@db.example.com/x'],
  ])('shows %j as %j', (text, shown) => {
    expect(redactText(text, 0)).toBe(shown);
  });

  it('keeps numbers that their key calls an identifier', () => {
    const text = '4111111111111111';
    expect([redactText(text, 0), redactText(text, hints.identifier)]).toEqual(['[REDACTED]', text]);
  });
});
