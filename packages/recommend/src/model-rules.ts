import { percent } from './cache-rules.ts';
import type { Facts, UsageFact } from './facts.ts';
import type { Finding, Saving } from './recommendation.ts';
import { grouped, mean, monthly, succession, sum, variation, withoutEach } from './statistics.ts';

const fewestCalls = 100;
const mostOfOneModel = 0.8;
const mostToExpensive = 0.5;
/** A model is expensive when its tokens cost at least this much of those of the dearest model, and so many times those of the cheapest. */
const nearDearest = 0.5;
const aboveCheapest = 3;
/** Models with less of the calls than this are no measure. */
const leastShare = 0.01;
/** A cheaper model is an alternative when it lost no more points of quality than this, as far as quality is known. */
const mostQualityLost = 0.5;
const mostTokenVariation = 0.5;
const fewestDays = 5;
const fewestCallsOfDay = 20;

interface ModelTotals {
  readonly model: string;
  readonly requests: number;
  /** Per token; 0 when it is not known. */
  readonly price: number;
  readonly quality: number | undefined;
}

function totalsOf(usage: readonly UsageFact[]): ModelTotals[] {
  return Array.from(
    grouped(usage, ({ model }) => model),
    ([model, facts]) => {
      const tokens = sum(facts, ({ inputTokens = 0, outputTokens = 0 }) => inputTokens + outputTokens);
      const evaluations = sum(facts, (fact) => fact.evaluations);
      return {
        model,
        requests: sum(facts, ({ requests }) => requests),
        price: tokens > 0 ? sum(facts, ({ cost }) => cost) / tokens : 0,
        quality: evaluations > 0 ? sum(facts, ({ qualitySum }) => qualitySum) / evaluations : undefined,
      };
    },
  );
}

/** `Most requests go to expensive model`. */
export function expensiveModels({ usage }: Facts): Finding[] {
  const all = totalsOf(usage);
  const calls = sum(all, ({ requests }) => requests);
  const priced = all.filter(({ price, requests }) => price > 0 && requests >= leastShare * calls).sort((a, b) => a.price - b.price);
  if (calls < fewestCalls || priced.length < 2) return [];
  const [cheapest, dearest] = [priced[0]!, priced.at(-1)!];
  const isExpensive = ({ price }: ModelTotals): boolean => price >= nearDearest * dearest.price && price >= aboveCheapest * cheapest.price;
  const expensive = new Map(priced.filter(isExpensive).map((totals) => [totals.model, totals]));
  const shareOf = (facts: readonly UsageFact[]): number => {
    const requests = sum(facts, (fact) => fact.requests);
    return requests === 0 ? 0 : sum(facts, (fact) => (expensive.has(fact.model) ? fact.requests : 0)) / requests;
  };
  const share = shareOf(usage);
  if (share <= mostToExpensive) return [];
  const costs = grouped(
    usage.filter(({ model, task }) => expensive.has(model) && task !== undefined),
    ({ task }) => task!,
  );
  const task = [...costs].map(([name, facts]) => ({ name, cost: sum(facts, ({ cost }) => cost) })).sort((a, b) => b.cost - a.cost)[0];
  const days = [...grouped(usage, ({ day }) => day).values()];
  const above = days.filter((day) => shareOf(day) > mostToExpensive).length;
  const affected = usage.filter(({ model, task: of }) => expensive.has(model) && (task === undefined || of === task.name));
  const saving = savingElsewhere(affected, expensive, priced);
  const names = [...expensive.keys()].join(', ');
  return [
    {
      id: `expensive-model${task === undefined ? '' : `:${task.name}`}`,
      category: 'routing',
      title: 'Most calls go to expensive models',
      description: `${percent(share)} of the calls went to ${names}, whose tokens cost at least ${aboveCheapest} times those of ${cheapest.model}.`,
      ...(saving !== undefined && { saving }),
      action: `Lower quality threshold for ${task?.name ?? 'simple'} tasks`,
      howToApply: `Send a part of the ${task?.name ?? 'simple'} calls to ${alternativeTo(dearest, priced)?.model ?? cheapest.model}, compare millrace.quality.score and millrace.errors of both for some days, and move the rest when they hold.`,
      evidence: {
        share_of_calls: share,
        threshold: mostToExpensive,
        calls,
        expensive_models: names,
        cheapest_model: cheapest.model,
        days: days.length,
        days_above: above,
      },
      confidence: succession(above, days.length),
    },
  ];
}

/** The cheapest model that answers about as well. */
function alternativeTo(of: ModelTotals, priced: readonly ModelTotals[]): ModelTotals | undefined {
  return priced.find(
    ({ price, quality }) =>
      price * aboveCheapest <= of.price && (quality === undefined || of.quality === undefined || quality >= of.quality - mostQualityLost),
  );
}

/** What moving half of the calls to their alternative saves: a quarter of them to three quarters. */
function savingElsewhere(
  usage: readonly UsageFact[],
  expensive: ReadonlyMap<string, ModelTotals>,
  priced: readonly ModelTotals[],
): Saving | undefined {
  const daily = Array.from(grouped(usage, ({ day }) => day).values(), (day) =>
    sum(day, ({ model, cost = 0 }) => {
      const of = expensive.get(model)!;
      const other = alternativeTo(of, priced);
      return other === undefined ? 0 : 0.5 * cost * (1 - other.price / of.price);
    }),
  );
  return daily.some((saved) => saved > 0) ? monthly(daily, 0.5, 1.5) : undefined;
}

/** `Single model handles >80% traffic`. */
export function singleModel({ usage }: Facts): Finding[] {
  const calls = sum(usage, ({ requests }) => requests);
  if (calls < fewestCalls) return [];
  const days = [...grouped(usage, ({ day }) => day).values()];
  return totalsOf(usage)
    .filter(({ requests }) => requests > mostOfOneModel * calls)
    .map(({ model, requests }) => {
      const isAbove = (day: readonly UsageFact[]): boolean =>
        sum(day, (fact) => (fact.model === model ? fact.requests : 0)) > mostOfOneModel * sum(day, (fact) => fact.requests);
      const above = days.filter(isAbove).length;
      return {
        id: `single-model:${model}`,
        category: 'model' as const,
        title: 'One model handles nearly all traffic',
        description: `${percent(requests / calls)} of the calls went to ${model}, more than ${percent(mostOfOneModel)}.`,
        action: 'Expand model registry with cheaper alternatives',
        howToApply: `Add a cheaper model beside ${model}, and one of another vendor for when it fails. Begin with tasks whose answers are short and can be checked, and compare cost and quality of both by model.`,
        evidence: { share_of_calls: requests / calls, threshold: mostOfOneModel, calls, model, days: days.length, days_above: above },
        confidence: succession(above, days.length),
      };
    });
}

/** `Token count variance > 50%`: the variation of a model's daily mean input tokens. */
export function tokenVariance({ usage }: Facts): Finding[] {
  return Array.from(grouped(usage, ({ model }) => model)).flatMap(([model, facts]): Finding[] => {
    const days = Array.from(grouped(facts, ({ day }) => day).values(), (day) => ({
      calls: sum(day, ({ requests }) => requests),
      input: sum(day, ({ inputTokens }) => inputTokens),
      cost: sum(day, ({ cost }) => cost),
      output: sum(day, ({ outputTokens }) => outputTokens),
    })).filter(({ calls, input }) => calls >= fewestCallsOfDay && input > 0);
    const means = days.map(({ calls, input }) => input / calls);
    const found = variation(means);
    if (days.length < fewestDays || found <= mostTokenVariation) return [];
    // What a day is above the usual length of prompts need not be sent.
    const usual = means.toSorted((a, b) => a - b)[Math.floor((means.length - 1) / 2)]!;
    const daily = days.map(({ calls, input, output, cost }) => (cost * Math.max(0, input - usual * calls)) / (input + output));
    return [
      {
        id: `token-variance:${model}`,
        category: 'token',
        title: 'The length of prompts varies much from day to day',
        description: `The daily mean of the input tokens of ${model} varies by ${percent(found)}, more than ${percent(mostTokenVariation)}.`,
        ...(daily.some((saved) => saved > 0) && { saving: monthly(daily, 0.25, 1) }),
        action: 'Enable token optimization (Phase 4)',
        howToApply:
          'Find which task sends the long prompts (histogram millrace.request.tokens), then cut history and retrieved documents to a budget of tokens, drop repeated instructions, and let the prompt cache of the vendor serve what stays the same.',
        evidence: { variation: found, threshold: mostTokenVariation, model, mean_input_tokens: mean(means), days: days.length },
        confidence: withoutEach(means, (rest) => variation(rest) > mostTokenVariation),
      },
    ];
  });
}
