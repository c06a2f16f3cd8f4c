/** At least five queries of each function, operator and modifier. */
const vectors = ['cpu_load', 'http_requests_total{code="200"}', 'constant', 'sparse', 'memory_bytes - 2e9', 'rpc_mixed', 'rpc_seconds'];
const ranges = [
  'http_requests_total{job="api"}[5m]',
  'cpu_load[3m]',
  'sparse[10m]',
  'memory_bytes[2m] offset 7m',
  'constant[1m]',
  'rpc_seconds[4m]',
  'rpc_custom_seconds[5m]',
  'rpc_signed[6m]',
  'rpc_gauge[3m]',
  'rpc_mixed[9m]',
  '{__name__=~"rpc_.+"}[3m]',
  'rate(http_requests_total[2m])[10m:45s]',
  'sparse[20m] @ start()',
];

const onNumbers =
  'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt tan tanh timestamp scalar sort sort_desc ' +
  'days_in_month day_of_month day_of_week day_of_year hour minute month year round';
const onRanges =
  'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time max_over_time ' +
  'min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time';
const histograms = [
  'rpc_seconds',
  'rpc_custom_seconds',
  'rpc_signed',
  'rpc_gauge',
  'rpc_mixed',
  'rate(rpc_seconds[5m])',
  'sum(rpc_custom_seconds)',
  'cpu_load',
];
const onHistograms = 'histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar';
const classic = [
  'latency_seconds_bucket',
  'rate(latency_seconds_bucket[5m])',
  'sum by (le) (rate(latency_seconds_bucket[3m]))',
  'uneven_bucket',
  'cpu_load',
];
const aggregations = 'sum avg min max count group stddev stdvar';
const operators = '+ - * / % ^ atan2 == != > < >= <=';

const queries: string[] = [];
const add = (...more: readonly string[]): void => void queries.push(...more);

for (const name of onNumbers.split(' ')) add(...vectors.map((vector) => `${name}(${vector})`));
for (const name of ['hour', 'minute', 'month', 'year', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'time', 'pi'])
  add(`${name}()`);
for (const name of onRanges.split(' ')) add(...ranges.map((range) => `${name}(${range})`));
for (const range of ranges) {
  add(`quantile_over_time(0.3, ${range})`, `predict_linear(${range}, 600)`);
}
for (const q of ['-1', '0', '0.5', '0.99', '1', '2', 'NaN', 'scalar(up{instance="a"})']) {
  add(`quantile_over_time(${q}, cpu_load[5m])`, `quantile(${q}, cpu_load)`, `quantile by (job) (${q}, http_requests_total)`);
  add(...[...histograms, ...classic].map((vector) => `histogram_quantile(${q}, ${vector})`));
}
for (const name of onHistograms.split(' ')) add(...histograms.map((vector) => `${name}(${vector})`));
for (const bounds of ['0, 1', '-Inf, 0.7', '0.2, +Inf', '-1, 2', '3, 1', 'NaN, 1', '0.5, 5']) {
  add(...[...histograms, ...classic].map((vector) => `histogram_fraction(${bounds}, ${vector})`));
}
for (const vector of vectors) {
  add(
    `clamp(${vector}, -1, 3)`,
    `clamp(${vector}, 3, 1)`,
    `clamp_min(${vector}, 0.5)`,
    `clamp_max(${vector}, 100)`,
    `clamp_max(${vector}, NaN)`,
  );
  add(`round(${vector}, 0.3)`, `round(${vector}, 0)`, `-${vector}`, `+${vector}`, `vector(scalar(${vector}))`, `absent(${vector} > 1e30)`);
  add(`label_replace(${vector}, "new", "$1-x", "instance", "(a|b)")`, `label_replace(${vector}, "instance", "", "instance", ".*")`);
  add(`label_replace(${vector}, "__name__", "renamed", "job", "api")`, `label_join(${vector}, "joined", "/", "job", "instance", "none")`);
  add(`label_join(${vector}, "job", "")`, `label_replace(${vector}, "n", "\${name}", "job", "(?P<name>.).*")`);
}
for (const name of aggregations.split(' ')) {
  add(...vectors.map((vector) => `${name}(${vector})`));
  add(`${name} by (job) (http_requests_total)`, `${name} without (instance, code) (http_requests_total)`, `${name} by () (cpu_load)`);
  add(
    `${name} without () (rpc_custom_seconds)`,
    `${name}({__name__=~"rpc_(seconds|signed)"})`,
    `${name}({__name__=~"rpc_(seconds|custom_seconds)"})`,
  );
  add(`${name} by (nothing, job) (rate(http_requests_total[5m]))`, `${name}(http_requests_total) by (job, "code")`);
}
for (const name of ['topk', 'bottomk']) {
  add(
    `${name}(1, cpu_load)`,
    `${name}(3, http_requests_total)`,
    `${name} by (job) (2, http_requests_total)`,
    `${name}(0, cpu_load)`,
    `${name}(-1, cpu_load)`,
  );
  add(
    `${name}(100, cpu_load)`,
    `${name}(NaN, cpu_load)`,
    `${name}(2, rpc_mixed)`,
    `${name} without (code) (1.9, http_requests_total)`,
    `${name}(Inf, up)`,
  );
}
add(
  'count_values("v", up)',
  'count_values by (job) ("v", up)',
  'count_values without (instance) ("v", memory_bytes)',
  'count_values("job", cpu_load)',
);
add('count_values("v", constant)', 'count_values("v", rpc_seconds)', 'count_values("", up)', 'count_values("v", rpc_custom_seconds)');
for (const operator of operators.split(' ')) {
  add(
    `cpu_load ${operator} 2`,
    `2 ${operator} cpu_load`,
    `memory_bytes ${operator} memory_limit_bytes`,
    `cpu_load ${operator} on (instance, job) up`,
  );
  add(`http_requests_total{code="404"} ${operator} ignoring (code) http_requests_total{code="200"}`, `constant ${operator} constant`);
  add(
    `http_requests_total ${operator} on (instance, job) group_left (version) target_info`,
    `rpc_seconds ${operator} rpc_seconds offset 1m`,
  );
  add(
    `target_info ${operator} on (instance) group_right (zone, version) http_requests_total{job="api"}`,
    `rpc_seconds ${operator} 2`,
    `2 ${operator} rpc_signed`,
  );
  add(`rpc_custom_seconds ${operator} on () group_left () rpc_custom_seconds{pod="x"}`, `rpc_mixed ${operator} on (pod) rpc_seconds`);
  add(
    `cpu_load ${operator} cpu_load offset 1m`,
    `sparse ${operator} on () cpu_load{instance="a",job="api"}`,
    `http_requests_total ${operator} on (job) up`,
  );
  add(`up ${operator} on (job) group_left () http_requests_total`, `rpc_gauge ${operator} rpc_gauge offset 30s`);
  add(
    /[=<>]/.test(operator) ? `3 ${operator} bool 2` : `3 ${operator} 2`,
    `1e300 ${/[=<>]/.test(operator) ? `${operator} bool` : operator} -Inf`,
  );
}
for (const operator of ['==', '!=', '>', '<', '>=', '<=']) {
  add(
    `cpu_load ${operator} bool 2`,
    `2 ${operator} bool cpu_load`,
    `memory_bytes ${operator} bool memory_limit_bytes`,
    `rpc_seconds ${operator} bool rpc_seconds`,
  );
  add(`http_requests_total ${operator} bool on (instance, job) group_left target_info`, `cpu_load ${operator} bool on (instance, job) up`);
}
for (const operator of ['</', '>/']) {
  for (const histogram of histograms)
    add(...['0.0005', '-0.4', '0', '3', '1.7', 'Inf', '-Inf'].map((value) => `${histogram} ${operator} ${value}`));
  add(
    `2 ${operator} rpc_seconds`,
    `1 ${operator} 2`,
    `rpc_seconds ${operator} rpc_signed`,
    `rpc_signed ${operator} on () group_left () cpu_load{instance="a",job="api"}`,
  );
  add(
    `histogram_quantile(0.5, rpc_seconds ${operator} 2)`,
    `rpc_mixed ${operator} 1`,
    `negative_custom ${operator} -1.5`,
    `negative_custom ${operator} 1`,
  );
}
for (const operator of ['and', 'or', 'unless']) {
  add(
    `cpu_load ${operator} up`,
    `cpu_load ${operator} on (instance) up`,
    `http_requests_total ${operator} ignoring (code) http_requests_total{code="200"}`,
  );
  add(
    `sparse ${operator} on () cpu_load`,
    `(cpu_load > 3) ${operator} (cpu_load < 4)`,
    `rpc_seconds ${operator} rpc_mixed`,
    `up ${operator} nothing`,
    `nothing ${operator} up`,
  );
  add(`rate(cpu_load[2m]) ${operator} rate(http_requests_total[2m])`);
}
for (const selector of [
  'cpu_load',
  'sparse',
  'rpc_seconds',
  'http_requests_total{code!="200",instance=~"a|b"}',
  '{__name__=~"c.+",job!~"w.*"}',
  '{"cpu_load",job="web"}',
]) {
  add(
    selector,
    `${selector} offset 5m`,
    `${selector} offset -3m`,
    `${selector} @ 1700003000`,
    `${selector} @ end()`,
    `${selector} @ start() offset 1m`,
  );
  add(`sum_over_time(${selector}[5m:1m])`, `last_over_time(${selector}[5m:])`, `count_over_time(${selector}[10m:13s] offset 2m)`);
  add(
    `max_over_time(${selector}[10m:1m] @ end())`,
    `avg_over_time(${selector}[3m:30s] @ 1700003000 offset -1m)`,
    `last_over_time((${selector} @ 1700003000)[3m:1m])`,
  );
}
add(
  '1',
  '-1 ^ 2',
  '2 ^ 3 ^ 2',
  '(1 + 2) * 3',
  '0x1F',
  '1_000',
  '5m',
  'Inf',
  '-NaN',
  '1e-7',
  '1e21',
  '"text"',
  "'it\\'s'",
  '`raw\\n`',
  '-(1)',
  '10 % -3',
  '-7 % 3',
  '1 / 0',
);
add(
  'time() - 1700000000',
  'vector(time())',
  'cpu_load[1m]',
  'rpc_seconds[2m]',
  'cpu_load[2m:30s]',
  'sparse[30m] offset 10m',
  'cpu_load{instance="a"}[1m] @ end()',
);
add(
  'absent(nothing{a="b",c=~"d",e="f",e="g"})',
  'absent_over_time(nothing{a="b"}[5m])',
  'absent_over_time(sparse{kind="late"}[5m])',
  'absent(sum(nothing))',
);
add(
  'sum(rate(http_requests_total{code="500"}[5m])) / sum(rate(http_requests_total[5m]))',
  '1 - avg(up)',
  'cpu_load + on (job, instance) up * 2 - 1',
);
add(
  'predict_linear(cpu_load[5m] @ 1700003000, 60)',
  'deriv(cpu_load[5m:20s])',
  'timestamp(cpu_load offset 1m)',
  'timestamp(cpu_load @ 1700003000)',
  'timestamp(-cpu_load)',
);
add(
  'sum by (job) (http_requests_total) / on () group_left sum(http_requests_total)',
  'label_replace(up, "job", "same", "", "")',
  'rate({__name__=~"cpu_load|up"}[5m])',
);
add(
  '-{__name__=~"cpu_load|up"}',
  'round({__name__=~"cpu_load|up"})',
  'foo(',
  'sum(',
  'cpu_load{',
  'rate(cpu_load)',
  'cpu_load[5m] + 1',
  '1 == 2',
  'nofunction(up)',
  'cpu_load and 1',
);
add(
  'sum(cpu_load, 2)',
  'topk(cpu_load)',
  'up{instance=~"("}',
  '{job=""}',
  'cpu_load offset 1m offset 2m',
  'cpu_load[5m',
  'a b',
  'max_of(1, 2)',
  'mad_over_time(up[1m])',
  '',
);

export const listed: readonly string[] = [...new Set(queries)];
