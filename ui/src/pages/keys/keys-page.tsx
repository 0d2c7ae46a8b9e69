import { Page } from '../../parts/page.js';

export function KeysPage() {
  return <Page title="Keys">{null}</Page>;
}
