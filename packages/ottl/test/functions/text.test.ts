import { describe, expect, it } from '@jest/globals';
import { evaluate } from './evaluate.ts';

describe('GetXML', () => {
  it('refuses elements that are too deep to walk', () => {
    const deep = '<a>'.repeat(2001) + '</a>'.repeat(2001);
    expect(() => evaluate(`GetXML("${deep}", "//b")`)).toThrow('exceeded maximum XML nesting depth of 2000');
    const allowed = '<a>'.repeat(2000) + '</a>'.repeat(2000);
    expect(evaluate(`GetXML("${allowed}", "/a")`)).toBe(allowed);
  });

  it('writes each selected element, also one that is in another', () => {
    expect(evaluate('GetXML("<a><b><b>x</b></b></a>", "//b")')).toBe('<b><b>x</b></b><b>x</b>');
    expect(evaluate('GetXML("<a><b/><c/></a>", "//c/ancestor::* | //b/..")')).toBe('<a><b></b><c></c></a>');
  });

  it.each([
    ['/a/b[translate(., "xy", "z") = "z"]', '<b>xy</b>'],
    ['/a/b[replace(., "x(y)", "$1") = "y"]', '<b>xy</b>'],
    ['/a/b[lower-case("XY") = .]', '<b>xy</b>'],
    ['/a/b[substring-before(., "y") = "x" and substring-after(., "x") = "y"]', '<b>xy</b>'],
    ['/a/b[ends-with(., "y") and true() and not(false())]', '<b>xy</b>'],
    ['/a[string-join(c, "-") = "4-5"]/c[1]', '<c>4</c>'],
    ['/a[sum(c) = 9]/c[. >= 5]', '<c>5</c>'],
    ['/a/c[number() div 2 = 2 or floor(2.9) = 1]', '<c>4</c>'],
    ['/a/c[. + 1 = 5 and . - 1 = 3 and ceiling(3.1) = . and round(3.6) = . and -. < 0]', '<c>4</c>'],
    ['/a/*[3]/preceding-sibling::c', '<c>4</c>'],
    ['/a/b/following::c[2]', '<c>5</c>'],
    ['/a/c[2]/preceding::b', '<b>xy</b>'],
    ['/a/descendant-or-self::node()/self::b', '<b>xy</b>'],
    ['reverse(/a/c)', '<c>5</c><c>4</c>'],
    ['/a/(b, c)', '<b>xy</b><c>4</c><c>5</c>'],
    ['//*[namespace-uri() = "u"]', '<d xmlns="u"></d>'],
    ['/a/processing-instruction("p")/following-sibling::d', '<d xmlns="u"></d>'],
    ['/a/c[boolean(../b) != false() and string() = "4"]', '<c>4</c>'],
    ['/a/b[string-length(concat(., "é")) = 4]', '<b>xy</b>'],
    ['/a/c[substring(., 0) = "4" and 4 < ../c[2] and "4" = .]', '<c>4</c>'],
  ])('selects with %s', (xPath, xml) => {
    const document = '<a><b>xy</b><c>4</c><c>5</c><?p q?><d xmlns=\\"u\\"/></a>';
    expect(evaluate(`GetXML("${document}", "${xPath.replaceAll('"', '\\"')}")`)).toBe(xml);
  });
});

describe('ExtractGrokPatterns', () => {
  it('takes the last of several fields with one name, and leaves out those that are empty', () => {
    expect(evaluate('ExtractGrokPatterns("12 ab cd", "%{INT:n:int} %{WORD:w} %{WORD:w}%{DATA:none}", true)')).toEqual(
      new Map<string, unknown>([
        ['n', 12n],
        ['w', 'cd'],
      ]),
    );
  });
});

describe('Format', () => {
  it('writes maps in the order of their keys, and times', () => {
    expect(evaluate('Format("%v", [{"b": 1, "a": "x"}])')).toBe('map[a:x b:1]');
    expect(evaluate('Format("%v", [Time("2023-01-02 03:04:05.5", "%F %T", "UTC")])')).toBe('2023-01-02 03:04:05.5 +0000 UTC');
    expect(evaluate('Format("%v %v", [TraceID("0102030405060708090a0b0c0d0e0f10")])')).toBe(
      '0102030405060708090a0b0c0d0e0f10 %!v(MISSING)',
    );
  });
});
