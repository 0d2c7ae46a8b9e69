import { api, pathOf } from './client.js';

const ROWS_AT_A_TIME = 1000;

interface Page<Row> {
  data: Row[];
  next: string | null;
}

export interface AllRows<Row> {
  rows: Row[];
  /** There are more than were read. */
  cut: boolean;
}

interface Wanted {
  path: string;
  parameters?: Record<string, string | number | undefined | null>;
  signal?: AbortSignal;
  /** Rows after which reading stops. */
  most?: number;
}

/** All rows of a list of the admin API, read page after page. */
export async function everyPage<Row>({ path, parameters, signal, most = 20_000 }: Wanted): Promise<AllRows<Row>> {
  const rows: Row[] = [];
  let after: string | null = null;
  do {
    const page: Page<Row> = await api.get(pathOf(path, { ...parameters, limit: ROWS_AT_A_TIME, after }), signal);
    rows.push(...page.data);
    after = page.next;
  } while (after !== null && rows.length < most);
  return { rows, cut: after !== null };
}
