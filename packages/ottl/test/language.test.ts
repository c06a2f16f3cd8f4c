import { describe, expect, it } from '@jest/globals';
import { testHost } from '@millrace/api/testing';
import {
  TransformContext,
  compileCondition,
  compileConditions,
  compileExpression,
  compileStatements,
  describeItem,
  inferContext,
  standardFunctions,
} from '@millrace/ottl';
import type { ContextName, Value } from '@millrace/ottl';
import { BatchBuilder, walk } from '@millrace/wire';
import type { SpanView } from '@millrace/wire';

const options = { functions: standardFunctions, now: () => 0n };
const host = { ...options, errorMode: 'propagate' as const, onFailure: () => {} };

/** Runs something on one span. */
function onSpan<T>(run: (shown: TransformContext, span: SpanView) => T): T {
  const builder = new BatchBuilder('traces', testHost().pool);
  builder
    .resource({ 'service.name': 'shop' })
    .scope('lib')
    .span({ name: 'GET /', attributes: { method: 'GET', code: 200n, ratio: 0.5, token: 'secret', list: ['a', 2n], map: { x: 'y' } } });
  using batch = builder.finish()!;
  const results: T[] = [];
  const shown = new TransformContext();
  const one = walk([{ onSpan: (span) => void results.push(run(shown.onSpan(span), span)) }], (_, error) => {
    throw error;
  }).run(batch);
  if (one !== undefined && one !== batch) one.release();
  return results[0]!;
}

const valueOf = (text: string): Value => onSpan((shown) => compileExpression('span', text, options)(shown));

describe('compileStatements', () => {
  it.each([
    ['set(name, "a") where', 'statement has invalid syntax: 1:21: unexpected token "<EOF>" (expected a value)'],
    ['set(name, "a") extra', '1:16: unexpected token "extra" (expected the end)'],
    ['set(name "a")', '1:10: unexpected token "\\"a\\"" (expected ",")'],
    ['set(name, #)', '1:11: invalid input text "#)"'],
    ['set(name,\n  "\\d")', '2:3: invalid quoted string "\\"\\\\d\\"": invalid syntax'],
    ['set(name, 0x123)', '1:11: encoding/hex: odd length hex string'],
    ['set(name, 9223372036854775808)', '1:11: strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['Set(name, "a")', "1:1: editor names must start with a lowercase letter but got 'Set'"],
    ['set(name, concat(["a"], ""))', "1:11: converter names must start with an uppercase letter but got 'concat'"],
    ['set(name, "a")["x"]', '1:1: only paths and converters may be indexed, not editors, but got set'],
    ['set(name, (x) => x)', 'lambda expression arguments require the `ottl.functions.enableLambda` feature gate'],
    ['set(name, a.B)', '1:13: unexpected token "B" (expected a path segment)'],
    ['set(name, {1: 2})', '1:12: unexpected token "1" (expected a string or "}")'],
    ['set(name, "x") where name', '1:26: unexpected token "<EOF>" (expected a comparison)'],
    ['set(name, "x") where (name == "a"', '1:34: unexpected token "<EOF>" (expected ")")'],
    ['nothing(name)', '1:1: undefined function "nothing"'],
    ['set(name)', '1:1: error while parsing arguments for call to "set": incorrect number of arguments. Expected: 2 Received: 1'],
    ['set("name", 1)', '1:5: error while parsing arguments for call to "set": invalid argument at position 0: must be a path'],
    ['set(target=name, 1)', '1:18: error while parsing arguments for call to "set": unnamed argument used after named argument'],
    ['set(name, wrong=1)', '1:17: error while parsing arguments for call to "set": no such parameter: wrong'],
    ['set(target=name, target=name)', 'missing argument value'],
    [
      'set(name, Concat("a", ""))',
      '1:18: error while parsing arguments for call to "set": invalid argument at position 1: error while parsing arguments for call to "Concat": invalid argument at position 0: must be a list',
    ],
    ['set(name, Concat(["a", nme], ""))', '1:24: error while parsing arguments for call to "set"'],
    ['replace_pattern(name, "(", "x")', "couldn't create function: "],
    ['merge_maps(attributes, {}, "x")', "couldn't create function: "],
    ['merge_maps(attributes, {}, name)', 'must be a string'],
    ['replace_pattern(name, "a", "b", Nothing)', 'undefined function "Nothing"'],
    ['replace_pattern(name, "a", "b", "x")', 'invalid function name given'],
    ['replace_pattern(name, "a", "b", ConvertCase)', 'incorrect number of arguments. Expected: 2 Received: 1'],
    [
      'set(name, STATUS_NONE)',
      '1:11: error while parsing arguments for call to "set": invalid argument at position 1: enum symbol, STATUS_NONE, not found',
    ],
    ['set(name, Nothing)', 'unexpected token "Nothing" (expected "(")'],
    ['set(nme, 1)', 'segment "nme" from path "nme" is not a valid path nor a valid OTTL keyword for the span context'],
    ['set(name.x, 1)', 'the path section "x" was not used by the context'],
    ['set(status.x, 1)', 'segment "x" from path "status.x" is not a valid path'],
    ['set(status.code.x, 1)', 'the path section "x" was not used by the context'],
    ['set(name["x"], 1)', 'the keys indexing "name" were not used by the context'],
    ['set(attributes["x"].y, 1)', 'the keys indexing "attributes" were not used by the context'],
    [
      'set(resource.cache["x"], 1)',
      'access to cache must be performed using the same context, please replace "resource.cache[\\"x\\"]" with "span.cache[\\"x\\"]"',
    ],
    ['set(cache.x, 1)', 'the path section "x" was not used by the context'],
    ['set(otelcol.client.addr, 1)', 'OTTL `otelcol` context requires the `ottl.contexts.enableOTelColContext` feature gate'],
    ['set(trace_state["a"]["b"], "x")', 'must provide exactly 1 key when accessing trace_state'],
  ])('says where %s is wrong', (text, problem) => {
    expect(() => compileStatements('span', [text], host)).toThrow(problem);
  });

  it('names every statement that is wrong', () => {
    expect(() => compileStatements('span', ['set(a, 1)', 'set(name, "x")', 'nothing()'], host)).toThrow(
      /unable to parse OTTL statement "set\(a, 1\)": .*; unable to parse OTTL statement "nothing\(\)": 1:1: undefined function/,
    );
  });

  it.each([
    [
      'set(name, "x")',
      'missing context name for path "name", possibly valid options are: "span.name", "scope.name", "resource.name", "instrumentation_scope.name", "otelcol.name"',
    ],
    ['set(log.body, "x")', 'context "log" from path "log.body" is not valid, it must be replaced by one of: "span", "scope"'],
  ])('wants paths to name their context when asked to: %s', (text, problem) => {
    expect(() => compileStatements('span', [text], { ...host, qualified: true })).toThrow(problem);
  });

  it('has no enums for resources and scopes', () => {
    expect(() => compileStatements('resource', ['set(attributes["a"], X)'], host)).toThrow(
      'resource context does not provide Enum support',
    );
    expect(() => compileStatements('scope', ['set(name, X)'], host)).toThrow('instrumentation scope context does not provide Enum support');
  });

  it('tells which contexts the statements change', () => {
    const { edits } = compileStatements(
      'span',
      ['set(name, resource.schema_url)', 'delete_key(resource.attributes, "x")', 'set(scope.name, "x") where kind == 1'],
      host,
    );
    expect([...edits].toSorted()).toEqual(['resource', 'scope', 'span']);
  });

  it('reports failures in mode ignore, and goes on', () => {
    const failures: string[] = [];
    const statements = ['set(name, 5)', 'set(name, "x")'];
    const { run } = compileStatements('span', statements, {
      ...host,
      errorMode: 'ignore',
      onFailure: (text, error) => failures.push(`${text}: ${error.message}`),
    });
    const name = onSpan((shown, span) => {
      run(shown);
      return span.name;
    });
    expect([name, failures]).toEqual(['x', ['set(name, 5): expects string but got int64']]);
  });
});

describe('compileConditions', () => {
  const conditions = (texts: readonly string[], holds: 'any' | 'all'): boolean =>
    onSpan((shown) => compileConditions('span', texts, { ...host, errorMode: 'silent', holds })(shown));
  const fails = 'Substring(name, 0, 99) == "x"';

  it.each([
    [['name == "x"', 'kind == 0'], 'any', true],
    [['name == "x"', 'kind == 0'], 'all', false],
    [['name == "GET /"', 'kind == 0'], 'all', true],
    [[fails, 'kind == 0'], 'all', true],
    [[fails], 'all', false],
    [[fails], 'any', false],
    [[], 'any', false],
  ] as const)('joins %j by %s', (texts, holds, result) => {
    expect(conditions(texts, holds)).toBe(result);
  });

  it('says where a condition is wrong', () => {
    expect(() => compileConditions('span', ['name =='], host)).toThrow(
      'unable to parse OTTL condition "name ==": condition has invalid syntax: 1:8: unexpected token "<EOF>"',
    );
    expect(() => compileCondition('span', 'nme == 1', options)).toThrow('1:1: segment "nme"');
  });
});

describe('compileExpression', () => {
  it.each([
    ['attributes["code"] + 1', 201n],
    ['attributes["list"][1]', 2n],
    ['{"a": [name, {"b": kind}]}', new Map<string, Value>([['a', ['GET /', new Map([['b', 0n]])]]])],
    ['-(1 - 2.5)', 1.5],
    ['nil', undefined],
    ['Len(attributes) == 6', undefined],
  ])('yields the value of %s', (text, value) => {
    if (value === undefined && text !== 'nil') expect(() => valueOf(text)).toThrow('expression has invalid syntax');
    else expect(valueOf(text)).toEqual(value);
  });
});

describe('inferContext', () => {
  const candidates: readonly ContextName[] = ['resource', 'scope', 'span', 'spanevent'];
  const infer = (...statements: string[]): string => inferContext({ statements }, candidates, standardFunctions);

  it.each([
    [['set(resource.attributes["a"], 1)'], 'resource'],
    [['set(scope.name, resource.schema_url)'], 'scope'],
    [['set(instrumentation_scope.name, "x")'], 'scope'],
    [['set(span.name, "x")', 'set(resource.attributes["a"], spanevent.name)'], 'spanevent'],
    [['set(resource.attributes["a"], 1) where span.kind == SPAN_KIND_SERVER'], 'span'],
    [['set(resource.attributes["a"], STATUS_CODE_OK)'], 'spanevent'],
    [['set(resource.attributes["root"], true) where IsRootSpan()'], 'span'],
    [['set(resource.attributes[span.name], {"a": [span.kind, -span.kind]})'], 'span'],
  ])('finds the context of %j', (statements, context) => {
    expect(infer(...statements)).toBe(context);
  });

  it('counts conditions too', () => {
    expect(
      inferContext(
        { statements: ['set(resource.attributes["a"], 1)'], conditions: ['not (span.name == "x")'] },
        candidates,
        standardFunctions,
      ),
    ).toBe('span');
  });

  it.each([
    ['set(name, "x")', 'unable to infer context from statements ["set(name, \\"x\\")"]'],
    ['set(log.body, "x")', 'inferred context "log" is not a valid candidate'],
    ['nothing(span.name)', 'inferred context "span" does not support the function "nothing"'],
    ['set(span.kind, NO_ENUM)', 'inferred context "span" does not support the enum symbol "NO_ENUM"'],
  ])('finds none for %s', (statement, problem) => {
    expect(() => infer(statement)).toThrow(problem);
  });
});

describe('describeItem', () => {
  it('shows what identifies an item, without secrets', () => {
    const shown = onSpan((context) => describeItem('span', context));
    expect(shown).toMatchObject({
      name: 'GET /',
      attributes: { method: 'GET', token: '[REDACTED]' },
      resource: { 'service.name': 'shop' },
    });
  });

  it('never throws', () => {
    expect(describeItem('log', new TransformContext())).toEqual({});
  });
});
