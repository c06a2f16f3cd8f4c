/** How one peer is made from registry packages. Any change of it, or of its files, installs the peer anew. */
export interface Recipe {
  readonly name: string;
  /** Folder beside this file whose contents are copied before the commands run. */
  readonly files: string;
  /** Run in order in the copy. Fails when one of them fails, unless it is in `mayFail`. */
  readonly commands: readonly (readonly [program: string, ...args: string[]])[];
  /** Indices of commands whose exit code does not matter, because the next one shows whether they did their work. */
  readonly mayFail?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
  /** Path in the installation of what is run. */
  readonly product: string;
}

const goEnvironment = { GOFLAGS: '-mod=mod -buildvcs=false', GOBIN: '{install}/bin' };

const pythonEnvironment = [
  ['python3', '-m', 'venv', 'venv'],
  ['./venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
] as const;

/** The programs of other projects that millrace is tested and measured against, at exact versions. */
export const peers: {
  readonly otelcol: Recipe;
  readonly goSdk: Recipe;
  readonly pythonSdk: Recipe;
  readonly javaSdk: Recipe;
  readonly prometheus2: Recipe;
  readonly prometheus3: Recipe;
  readonly jaegerAllInOne: Recipe;
  readonly loki: Recipe;
  readonly telemetrygen: Recipe;
  readonly datadogCollector: Recipe;
  readonly hostMetricsCollector: Recipe;
  readonly datadogDecoder: Recipe;
  readonly genaiJs: Recipe;
  readonly genaiPython: Recipe;
  readonly genaiPythonLatest: Recipe;
  readonly genaiPythonLitellm: Recipe;
} = {
  otelcol: {
    name: 'otelcol',
    files: 'otelcol',
    commands: [
      ['go', 'install', 'go.opentelemetry.io/collector/cmd/builder@v0.155.0'],
      ['./bin/builder', '--config', 'builder.yaml', '--skip-strict-versioning', '--skip-compilation'],
      ['go', 'build', '-C', 'out', '-o', '../otelcol', '.'],
    ],
    // The builder tidies its go.mod at the end, which asks for modules that only tests need and the proxy may not serve.
    mayFail: [1],
    env: goEnvironment,
    product: 'otelcol',
  },
  goSdk: {
    name: 'go-sdk',
    files: 'go',
    commands: [['go', 'build', '-o', 'send', '.']],
    env: { ...goEnvironment, GOFLAGS: '-mod=readonly -buildvcs=false' },
    product: 'send',
  },
  pythonSdk: {
    name: 'python-sdk',
    files: 'python',
    commands: [
      ['python3', '-m', 'venv', 'venv'],
      ['./venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
    ],
    product: 'venv/bin/python',
  },
  javaSdk: {
    name: 'java-sdk',
    files: 'java',
    commands: [
      ['mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs', '-DincludeScope=runtime'],
      ['sh', '-c', "javac -cp 'libs/*' -d classes Send.java"],
    ],
    product: 'classes/Send.class',
  },
  /** Debian's package; `promtool` lies beside the product. */
  prometheus2: {
    name: 'prometheus2',
    files: 'prometheus2',
    commands: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'download', '-qq', 'prometheus=2.42.0+ds-5+deb12u1'],
      ['sh', '-c', 'dpkg -x prometheus_*.deb deb && rm prometheus_*.deb'],
    ],
    mayFail: [0],
    product: 'deb/usr/bin/prometheus',
  },
  prometheus3: {
    name: 'prometheus3',
    files: 'prometheus3',
    commands: [['nice', 'go', 'build', '-o', 'prometheus', 'github.com/prometheus/prometheus/cmd/prometheus']],
    env: { GOFLAGS: '-mod=mod -buildvcs=false' },
    product: 'prometheus',
  },
  jaegerAllInOne: {
    name: 'jaeger',
    files: 'jaeger',
    commands: [['nice', 'go', 'build', '-o', 'all-in-one', 'github.com/jaegertracing/jaeger/cmd/all-in-one']],
    env: { GOFLAGS: '-mod=mod -buildvcs=false' },
    product: 'all-in-one',
  },
  loki: {
    name: 'loki',
    files: 'loki',
    commands: [['nice', 'go', 'build', '-o', 'loki', 'github.com/grafana/loki/v3/cmd/loki']],
    env: { GOFLAGS: '-mod=mod -buildvcs=false' },
    product: 'loki',
  },
  telemetrygen: {
    name: 'telemetrygen',
    files: 'telemetrygen',
    commands: [['go', 'install', 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0']],
    env: { GOBIN: '{install}', GOFLAGS: '-buildvcs=false' },
    product: 'telemetrygen',
  },
  /** The Collector with contrib's `host_metrics` receiver. */
  hostMetricsCollector: {
    name: 'host-metrics-collector',
    files: 'host-metrics-collector',
    commands: [
      ['go', 'install', 'go.opentelemetry.io/collector/cmd/builder@v0.155.0'],
      ['./bin/builder', '--config', 'builder.yaml', '--skip-strict-versioning', '--skip-compilation'],
      ['nice', '-n', '10', 'go', 'build', '-C', 'out', '-o', '../otelcol-host-metrics', '.'],
    ],
    mayFail: [1],
    env: goEnvironment,
    product: 'otelcol-host-metrics',
  },
  /** The Collector with contrib's `datadog` exporter. */
  datadogCollector: {
    name: 'datadog-collector',
    files: 'datadog-collector',
    commands: [
      ['go', 'install', 'go.opentelemetry.io/collector/cmd/builder@v0.155.0'],
      ['./bin/builder', '--config', 'builder.yaml', '--skip-strict-versioning', '--skip-compilation'],
      ['nice', '-n', '10', 'go', 'build', '-C', 'out', '-o', '../otelcol-datadog', '.'],
    ],
    mayFail: [1],
    env: goEnvironment,
    product: 'otelcol-datadog',
  },
  /** Decodes what is sent to Datadog with the agent's own protobuf and msgpack code. */
  datadogDecoder: {
    name: 'datadog-decoder',
    files: 'datadog-decoder',
    commands: [['nice', '-n', '10', 'go', 'build', '-o', 'decode', '.']],
    env: { ...goEnvironment, GOFLAGS: '-mod=readonly -buildvcs=false' },
    product: 'decode',
  },
  /** Instrumentations of AI clients for Node.js. */
  genaiJs: {
    name: 'genai-js',
    files: 'genai-js',
    commands: [['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']],
    product: 'package.json',
  },
  /** Instrumentations of AI clients for Python. */
  genaiPython: { name: 'genai-python', files: 'genai-python', commands: pythonEnvironment, product: 'venv/bin/python' },
  /** Those that need a newer opentelemetry-util-genai than the others, and those of Gemini, Bedrock and LangChain. */
  genaiPythonLatest: { name: 'genai-python-latest', files: 'genai-python-latest', commands: pythonEnvironment, product: 'venv/bin/python' },
  /** LiteLLM, which wants an older client of OpenAI. It is large: nothing is compiled before it is used. */
  genaiPythonLitellm: {
    name: 'genai-python-litellm',
    files: 'genai-python-litellm',
    commands: [
      ['python3', '-m', 'venv', 'venv'],
      ['./venv/bin/python', '-m', 'pip', 'install', '--quiet', '--no-compile', '--disable-pip-version-check', '-r', 'requirements.txt'],
    ],
    product: 'venv/bin/python',
  },
};
