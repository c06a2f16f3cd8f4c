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

/** The programs of other projects that millrace is tested and measured against, at exact versions. */
export const peers: {
  readonly otelcol: Recipe;
  readonly goSdk: Recipe;
  readonly pythonSdk: Recipe;
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
};
