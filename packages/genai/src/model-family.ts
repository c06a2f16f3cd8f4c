const mostRemembered = 1024;
const families = new Map<string, string>();

/** What is cut off the front: the region of an inference profile, the vendor's name before a dot, the path of a gateway or host. */
const front =
  /^(?:.*\/)?(?:(?:us|eu|apac|ap|jp|au|ca|global|us-gov)\.)?(?:(?:anthropic|amazon|meta|cohere|mistral|ai21|deepseek|openai|qwen|writer|stability|google)\.)?/;

/** What is cut off the end, again and again: dates, revisions, variants of hosting, `latest` and previews. */
const ends: readonly RegExp[] = [
  /:[a-z0-9._-]+$/,
  /@[a-z0-9._-]+$/,
  /-v\d+(?:\.\d+)?$/,
  /-(?:latest|exp|experimental)$/,
  /-(?:preview|exp)(?:-\d\d-\d\d(?:-\d{4})?|-\d{2,4}-\d{2,4}|-\d{4,6})?$/,
  /[-.]20\d\d-?[01]\d-?[0-3]\d$/,
  /-\d\d-20\d\d$/,
  /-(?:00\d|0[1-9][0-3]\d|1[0-2][0-3]\d|2[3-9][01]\d)$/,
];

/**
 * The family a model belongs to: its name in lower case without the vendor's or region's prefix, its date, its revision and its way of
 * hosting, as `gpt-4o` of `openai/gpt-4o-2024-08-06`; '' of ''. A label with few values, for sums; prices go by the whole name.
 */
export function modelFamily(model: string): string {
  let family = families.get(model);
  if (family !== undefined) return family;
  family = model.trim().toLowerCase();
  const fine = /^ft:([^:]+)/.exec(family);
  if (fine !== null) family = fine[1]!;
  family = family.replace(front, '') || family;
  for (let before = ''; before !== family;) {
    before = family;
    for (const end of ends) family = family.replace(end, '') || family;
  }
  if (families.size >= mostRemembered) families.clear();
  if (model.length <= 256) families.set(model, family);
  return family;
}
