import { goNumber, openMetricsNumber } from '@millrace/prometheus-format';
import { describe, expect, it } from '@jest/globals';

describe('Numbers in text', () => {
  it.each([
    [0, '0', '0.0'],
    [-0, '0', '0.0'],
    [1, '1', '1.0'],
    [-1, '-1', '-1.0'],
    [0.1, '0.1', '0.1'],
    [-2.5, '-2.5', '-2.5'],
    [999_999, '999999', '999999.0'],
    [999_999.5, '999999.5', '999999.5'],
    [1_000_000, '1e+06', '1e+06'],
    [-1_000_000, '-1e+06', '-1e+06'],
    [1_234_567, '1.234567e+06', '1.234567e+06'],
    [12_345_678.9, '1.23456789e+07', '1.23456789e+07'],
    [9_007_199_254_740_992, '9.007199254740992e+15', '9.007199254740992e+15'],
    [1e20, '1e+20', '1e+20'],
    [1e21, '1e+21', '1e+21'],
    [1.7976931348623157e308, '1.7976931348623157e+308', '1.7976931348623157e+308'],
    [0.0001, '0.0001', '0.0001'],
    [0.00012, '0.00012', '0.00012'],
    [0.00001234, '1.234e-05', '1.234e-05'],
    [-0.00001, '-1e-05', '-1e-05'],
    [1e-7, '1e-07', '1e-07'],
    [-1.5e-10, '-1.5e-10', '-1.5e-10'],
    [5e-324, '5e-324', '5e-324'],
    [Infinity, '+Inf', '+Inf'],
    [-Infinity, '-Inf', '-Inf'],
    [NaN, 'NaN', 'NaN'],
  ])('%d is %s, in OpenMetrics %s', (value, text, openMetrics) => {
    expect([goNumber(value), openMetricsNumber(value)]).toEqual([text, openMetrics]);
  });

  it('read back the same', () => {
    for (let i = 0, value = 1.1; i < 2_000; i++, value = -value * 1.37 + (i % 7)) {
      const scaled = value * 10 ** ((i % 600) - 300);
      if (Number.isFinite(scaled)) expect(Number(goNumber(scaled))).toBe(scaled);
    }
  });
});
