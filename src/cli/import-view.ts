import type { Reading } from '../import/reading.js';
import type { Io } from './io.js';
import { printable } from './printable.js';

export interface ImportReport {
  readings: readonly { file: string; reading: Reading }[];
  keys: number;
  /** Null when nothing was to be done. */
  outcome: { imported: number; known: number } | null;
  dryRun: boolean;
  /** The configuration as `keyporter.yaml` would say it. */
  yaml: string | null;
  /** The file that was named for it. */
  out: string | null;
}

/**
 * Tells what became of every field. Where a configuration is printed too, the report stands in its
 * comments, so that standard output as a whole can be kept as `keyporter.yaml`.
 */
export function printImport(io: Io, report: ImportReport, json: boolean): void {
  if (json) return io.out(`${JSON.stringify(asBody(report))}\n`);
  const shown = report.yaml !== null && report.out === null ? report.yaml : null;
  const begin = shown === null ? '' : '# ';
  const lines = [...report.readings.flatMap(linesOf), ...endOf(report)];
  io.out(lines.map((line) => `${begin}${printable(line)}`.trimEnd()).join('\n'));
  io.out(shown === null ? '\n' : `\n\n${shown}`);
}

function linesOf({ file, reading }: ImportReport['readings'][number]): string[] {
  const fields = reading.fields.map(({ field, verdict, why }) => `  ${verdict.padEnd(12)}  ${field}: ${why}`);
  return [`${file}: ${reading.format}`, ...fields, ...reading.advice.map((sentence) => `  ${sentence}`)];
}

function endOf(report: ImportReport): string[] {
  const { keys, outcome, dryRun } = report;
  const written = aboutOut(report);
  if (dryRun) return [`Nothing was changed: ${keys} keys would be imported.`, ...written];
  if (outcome === null) return ['There were no keys to import.', ...written];
  const known = outcome.known === 0 ? '' : `; ${outcome.known} were known already and stay as they are`;
  return [`Imported ${outcome.imported} keys${known}.`, ...written];
}

function aboutOut({ out, yaml, dryRun }: ImportReport): string[] {
  if (out === null) return [];
  if (yaml === null) return [`${out} was not written: these files hold keys alone.`];
  if (dryRun) return [`${out} would be written.`];
  return [`The configuration was written to ${out}. Look through it before it is used.`];
}

function asBody({ readings, keys, outcome, dryRun, yaml, out }: ImportReport): object {
  return {
    dry_run: dryRun,
    files: readings.map(({ file, reading: { format, fields, keys: found, advice } }) => ({
      file,
      format,
      keys: found.length,
      fields,
      advice,
    })),
    keys: { found: keys, imported: outcome?.imported ?? 0, known: outcome?.known ?? 0 },
    configuration: yaml,
    written_to: dryRun || yaml === null ? null : out,
  };
}
