/** Text that HTML shows as it is. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A cell of a table: text, or a link. */
export type Cell = string | { readonly text: string; readonly href: string };

/** A table with a heading. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const style =
  'body{font:14px/1.4 system-ui,sans-serif;margin:2em}table{border-collapse:collapse;margin-bottom:2em}' +
  'td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}th{background:#f2f2f2}nav a{margin-right:1em}';

/** The pages, in the order of their links. */
export const pages = ['servicez', 'pipelinez', 'extensionz', 'featurez', 'tracez'] as const;

/** A whole page of tables. */
export function renderPage(title: string, tables: readonly Table[]): string {
  const links = pages.map((page) => `<a href="/debug/${page}">${page}</a>`).join('');
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style></head><body><nav>${links}</nav><h1>${escapeHtml(title)}</h1>${tables.map(renderTable).join('')}</body></html>\n`;
}

function renderTable({ title, columns, rows }: Table): string {
  const head = columns.map((column) => `<th>${escapeHtml(column)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${renderCell(cell)}</td>`).join('')}</tr>`).join('');
  const table = `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
  return `<h2>${escapeHtml(title)}</h2>${rows.length === 0 ? '<p>None.</p>' : table}`;
}

function renderCell(cell: Cell): string {
  return typeof cell === 'string' ? escapeHtml(cell) : `<a href="${escapeHtml(cell.href)}">${escapeHtml(cell.text)}</a>`;
}
