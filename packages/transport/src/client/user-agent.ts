/** Go's names of platforms and processors, where they differ from Node's. */
const goNames: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris', x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** How the clients introduce themselves: `millrace/1.2.3 (linux/amd64)`. */
export function userAgent(program: { readonly name: string; readonly version: string }): string {
  const goName = (name: string): string => goNames[name] ?? name;
  return `${program.name}/${program.version} (${goName(process.platform)}/${goName(process.arch)})`;
}
