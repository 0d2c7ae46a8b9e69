import { Page } from '../../parts/page.js';

export function RequestsPage() {
  return <Page title="Requests">{null}</Page>;
}
