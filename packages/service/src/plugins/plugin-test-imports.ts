/** The module that a process has to import first (`node --import`) to run the tests of plugins. */
export async function pluginTestImports(): Promise<string> {
  return (await import('./test-imports.ts')).testImportsUrl;
}
