import { isOnByDefault } from '@millrace/service';
import type { FeatureGate } from '@millrace/service';

/** The answer of `millrace featuregate [id]`: a table of all gates, or one in detail. Throws `feature "x" not found`. */
export function listFeatureGates(gates: readonly FeatureGate[], enabled: ReadonlySet<string>, id?: string): string {
  if (id !== undefined) {
    const gate = gates.find((known) => known.id === id);
    if (gate === undefined) throw new Error(`feature "${id}" not found`);
    return `Feature: ${gate.id}\nEnabled: ${enabled.has(gate.id)}\nDefault: ${isOnByDefault(gate)}\nStage: ${gate.stage}\nDescription: ${gate.description}\n`;
  }
  const rows = [['ID', 'Enabled', 'Stage', 'Description']];
  for (const gate of gates) rows.push([gate.id, String(enabled.has(gate.id)), gate.stage, gate.description]);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
