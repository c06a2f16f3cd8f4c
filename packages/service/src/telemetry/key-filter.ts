import type { KeyFilter } from '@millrace/config';

/** Whether a name is among those included (default: all) and not among those excluded. `*` stands for any text, `?` for one character. */
export function keyFilter({ included, excluded = [] }: KeyFilter): (name: string) => boolean {
  const takes = included?.map(pattern);
  const leaves = excluded.map(pattern);
  return (name) => (takes === undefined || takes.some((one) => one.test(name))) && !leaves.some((one) => one.test(name));
}

function pattern(wildcards: string): RegExp {
  const escaped = wildcards.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`, 's');
}
