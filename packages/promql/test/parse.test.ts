import { describe, expect, it } from '@jest/globals';
import { parseDurationMs, ParseError, parseQuery, selectorsOf } from '@millrace/promql';
import type { Expr } from '@millrace/promql';

/** An expression with all its parentheses. */
function shape(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'string':
      return JSON.stringify(expr.value);
    case 'selector':
      return `${expr.name}${expr.offsetMs === 0 ? '' : ` offset ${expr.offsetMs}`}${expr.at === undefined ? '' : ` @ ${expr.at}`}`;
    case 'matrix':
      return `${shape(expr.selector)}[${expr.rangeMs}]`;
    case 'subquery':
      return `${shape(expr.expr)}[${expr.rangeMs}:${expr.stepMs}]${expr.at === undefined ? '' : ` @ ${expr.at}`}`;
    case 'paren':
      return shape(expr.expr);
    case 'unary':
      return `(${expr.operator}${shape(expr.expr)})`;
    case 'binary':
      return `(${shape(expr.left)} ${expr.operator} ${shape(expr.right)})`;
    case 'aggregate':
      return `${expr.operator}(${shape(expr.expr)})`;
    default:
      return `${expr.name}(${expr.args.map(shape).join(', ')})`;
  }
}

describe('A query', () => {
  it.each([
    ['1 + 2 * 3 ^ 2 ^ 2', '(1 + (2 * (3 ^ (2 ^ 2))))'],
    ['-1 ^ 2', '(-(1 ^ 2))'],
    ['2 ^ -1 * 3', '((2 ^ -1) * 3)'],
    ['-a * b', '((-a) * b)'],
    ['a - -1', '(a - -1)'],
    ['a + b offset 5m * c', '(a + (b offset 300000 * c))'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a < b == c', '((a < b) == c)'],
    ['a </ b >/ 1 + 1', '((a </ b) >/ (1 + 1))'],
    ['a atan2 b % c', '((a atan2 b) % c)'],
    ['rate(a[5m] offset -1m @ 3)', 'rate(a offset -60000 @ 3000[300000])'],
    ['a[1h:5m] @ end()', 'a[3600000:300000] @ end'],
    ['(a + b)[10m:]', '(a + b)[600000:0]'],
    ['a[300] @ start() offset 1w1d', 'a offset 691200000 @ start[300000]'],
    ['sum by (x) (a) # comment', 'sum(a)'],
    ['0x1f + 1_000 + 010 + 1.5e1 + 1h', '((((31 + 1000) + 8) + 15) + 3600)'],
    ["'it\\'s \\u00e9\\x41\\101\\n'", JSON.stringify("it's éAA\n")],
    ['{"a.b", "c d"="e"}', 'undefined'],
  ])('%s is read as Prometheus reads it', (query, expected) => {
    expect(shape(parseQuery(query))).toBe(expected);
  });

  it.each([
    ['', '1:1: parse error: no expression found in input'],
    ['sum(', '1:5: parse error: unexpected end of input'],
    ['a b', '1:3: parse error: unexpected identifier "b"'],
    ['a +\n\n  )', '3:3: parse error: unexpected ")"'],
    ['a{b="c"', '1:8: parse error: unexpected end of input in label matching, expected identifier or "}"'],
    ['a{b=5}', '1:5: parse error: unexpected number "5" in label matching, expected identifier or "}"'],
    ['sum by (a, 1) (b)', '1:12: parse error: unexpected number "1" in grouping opts, expected label'],
    ['a[5m', '1:5: parse error: unexpected end of input in subquery or range, expected ":" or "]"'],
    ['nothing(a)', '1:1: parse error: unknown function with name "nothing"'],
    ['abs(a, b)', '1:1: parse error: expected 1 argument(s) in call to "abs", got 2'],
    ['label_join(a)', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1'],
    ['round(a, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
    ['rate(a)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
    ['sum(a[5m])', '1:5: parse error: expected type instant vector in aggregation expression, got range vector'],
    ['topk("a", a)', '1:6: parse error: expected type scalar in aggregation parameter, got string'],
    ['count_values(1, a)', '1:14: parse error: expected type string in aggregation parameter, got scalar'],
    ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
    ['sum(a, b)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2'],
    ['-"a"', '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"'],
    ['a + "b"', '1:5: parse error: binary expression must contain only scalar and instant vector types'],
    ['1 == 2', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
    ['a and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['a and on (x) group_left b', '1:1: parse error: no grouping allowed for "and" operation'],
    ['a + on (x) 1', '1:1: parse error: vector matching only allowed between instant vectors'],
    ['a + on (x) group_left (x) b', '1:3: parse error: label "x" must not occur in ON and GROUP clause at once'],
    ['1[5m:]', '1:1: parse error: subquery is only allowed on instant vector, got scalar instead'],
    ['sum(a)[5m]', '1:7: parse error: ranges only allowed for vector selectors'],
    ['a offset 1m[5m]', '1:12: parse error: no offset modifiers allowed before range'],
    ['a @ 1[5m]', '1:6: parse error: no @ modifiers allowed before range'],
    ['a offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times'],
    ['a @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['a @ Inf', '1:1: parse error: timestamp out of bounds for @ modifier: Inf'],
    [
      'sum(a) offset 1m',
      '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    ],
    ['1 @ 2', '1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery'],
    ['a[0s]', '1:3: parse error: duration must be greater than 0'],
    ['{a=""}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['{a=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['a{b=~"("}', '1:1: parse error: error parsing regexp: missing closing ): `(`'],
    ['a{__name__="b"}', '1:1: parse error: metric name must not be set twice: "a" or "b"'],
    ['"\\z"', '1:1: parse error: error unquoting string "\\"\\\\z\\"": invalid syntax'],
    ['max_of(1, 2)', '1:1: parse error: function "max_of" is not enabled'],
    ['double_exponential_smoothing(a[5m], 0.5, 0.5)', '1:1: parse error: function "double_exponential_smoothing" is not enabled'],
    ['limitk(1, a)', '1:1: parse error: limitk() is experimental and not enabled'],
    ['a anchored', '1:1: parse error: anchored modifier is experimental and not enabled'],
    ['a + fill(0) b', '1:5: parse error: binop fill modifiers are experimental and not enabled'],
    ['a[5m + 1m]', '1:3: parse error: experimental duration expression is not enabled'],
  ])('%j is refused where it is wrong', (query, message) => {
    expect(() => parseQuery(query)).toThrow(new ParseError(query, 0, '').constructor as never);
    expect(() => parseQuery(query)).toThrow(expect.objectContaining({ message, type: 'bad_data' }));
  });

  it('that is absurdly long is refused', () => {
    expect(() => parseQuery('a'.repeat(2_000_000))).toThrow('query is longer than 1048576 characters');
  });

  it.each([
    [
      'parentheses',
      `${'('.repeat(100_000)}1${')'.repeat(100_000)}`,
      /hundreds of operators in a row and thousands of parentheses in each other cannot be read/,
    ],
    ['operators', `1${' + 1'.repeat(200_000)}`, /hundreds of operators in a row and thousands of parentheses in each other cannot be read/],
    ['calls', `${'abs('.repeat(1200)}a${')'.repeat(1200)}`, /parse error: expressions are nested more than 1000 deep/],
  ])('of too many %s in each other is refused', (_what, query, message) => {
    expect(() => parseQuery(query)).toThrow(message);
  });

  it('tells its selectors', () => {
    const names = selectorsOf(parseQuery('-sum(a) + topk(scalar(b), rate(c[5m])) * (max_over_time(d[5m:]) or 1 ^ vector(2))')).map(
      ({ name }) => name,
    );
    expect(names).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('A duration', () => {
  it.each([
    ['0', 0],
    ['1y2w3d4h5m6s7ms', 31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_400_000 + 300_000 + 6007],
    ['5ms', 5],
    ['5m5', undefined],
    ['', undefined],
    ['1s1h', undefined],
  ])('%j is read', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });
});
