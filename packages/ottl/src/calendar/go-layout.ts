/** One element of a layout of Go's package time: literal text, or a part of a time. */
export interface LayoutElement {
  /** As it stands in the layout. */
  readonly text: string;
  readonly kind: ElementKind;
}

/** What an element stands for, named after what Go writes for it. */
export type ElementKind =
  | 'literal'
  | 'January'
  | 'Jan'
  | 'Monday'
  | 'Mon'
  | '1'
  | '01'
  | '2'
  | '_2'
  | '02'
  | '15'
  | '3'
  | '03'
  | '4'
  | '04'
  | '5'
  | '05'
  | '2006'
  | '06'
  | 'PM'
  | 'pm'
  | 'MST'
  | 'Z0700'
  | 'Z07:00'
  | 'Z07'
  | '-0700'
  | '-07:00'
  | '-07'
  | '-070000'
  | '-07:00:00'
  | 'fraction';

/** Elements at the start of a text, the longer ones first. `Jan` and `Mon` are words of their own only when no small letter follows. */
const element =
  /^(?:January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|_2(?!006)|PM|pm|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|0[1-6]|15|[1-5]|[.,]9+(?!\d))/;

const cache = new Map<string, readonly LayoutElement[]>();
const maxCached = 1000;

/** The elements of a layout. */
export function layoutElements(layout: string): readonly LayoutElement[] {
  let elements = cache.get(layout);
  if (elements === undefined) {
    if (cache.size >= maxCached) cache.clear();
    cache.set(layout, (elements = split(layout)));
  }
  return elements;
}

function split(layout: string): LayoutElement[] {
  const elements: LayoutElement[] = [];
  let literal = '';
  for (let at = 0; at < layout.length;) {
    const text = element.exec(layout.slice(at, at + 32))?.[0];
    if (text === undefined) {
      literal += layout[at++];
      continue;
    }
    if (literal !== '') elements.push({ text: literal, kind: 'literal' });
    literal = '';
    elements.push({ text, kind: text[0] === '.' || text[0] === ',' ? 'fraction' : (text as ElementKind) });
    at += text.length;
  }
  if (literal !== '') elements.push({ text: literal, kind: 'literal' });
  return elements;
}

/** English names in the order of their numbers. */
export const monthNames: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** From Sunday on. */
export const dayNames: readonly string[] = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** The first three letters of names. */
export function abbreviated(names: readonly string[]): string[] {
  return names.map((name) => name.slice(0, 3));
}
