/** One value of each parameter. */
export type Row<P> = { readonly [Name in keyof P]: P[Name] extends readonly (infer Value)[] ? Value : never };

/**
 * Rows in which every pair of values of two parameters occurs at least once, found greedily: each row starts with a pair that is missing and
 * takes of every other parameter the value with the most missing pairs.
 */
export function pairwise<P extends Readonly<Record<string, readonly unknown[]>>>(parameters: P): Row<P>[] {
  const names = Object.keys(parameters);
  const pair = (a: number, i: number, b: number, j: number): string => (a < b ? `${a}:${i} ${b}:${j}` : `${b}:${j} ${a}:${i}`);
  const missing = new Map<string, readonly [number, number, number, number]>();
  for (let a = 0; a < names.length; a++)
    for (let b = a + 1; b < names.length; b++)
      for (let i = 0; i < parameters[names[a]!]!.length; i++)
        for (let j = 0; j < parameters[names[b]!]!.length; j++) missing.set(pair(a, i, b, j), [a, i, b, j]);
  const rows: Row<P>[] = [];
  while (missing.size > 0) {
    const [a, i, b, j] = missing.values().next().value!;
    const chosen = new Map([
      [a, i],
      [b, j],
    ]);
    for (let c = 0; c < names.length; c++) {
      if (chosen.has(c)) continue;
      let best = 0;
      let most = -1;
      for (let k = 0; k < parameters[names[c]!]!.length; k++) {
        const count = [...chosen].filter(([d, l]) => missing.has(pair(c, k, d, l))).length;
        if (count > most) [best, most] = [k, count];
      }
      chosen.set(c, best);
    }
    const entries = [...chosen];
    for (const [c, k] of entries) for (const [d, l] of entries) if (c < d) missing.delete(pair(c, k, d, l));
    rows.push(Object.fromEntries(names.map((name, c) => [name, parameters[name]![chosen.get(c)!]])) as Row<P>);
  }
  return rows;
}
