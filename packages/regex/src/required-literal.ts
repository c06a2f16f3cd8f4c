import type { Node } from './parse.ts';

/** The longest text that every match contains; empty when there is none that is known. */
export function requiredLiteral(node: Node): string {
  let longest = '';
  let run = '';
  const close = (): void => {
    if (run.length > longest.length) longest = run;
    run = '';
  };
  const visit = (part: Node): void => {
    switch (part.kind) {
      case 'set':
        if (!part.fold && part.ranges.length === 2 && part.ranges[0] === part.ranges[1]) run += String.fromCodePoint(part.ranges[0]!);
        else close();
        return;
      case 'concat':
        part.parts.forEach(visit);
        return;
      case 'group':
        visit(part.body);
        return;
      case 'repeat':
        close();
        if (part.min > 0) visit(part.body);
        close();
        return;
      case 'alternate':
        close();
        return;
      case 'assert':
        return;
    }
  };
  visit(node);
  close();
  return longest;
}
