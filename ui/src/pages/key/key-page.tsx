import { Page } from '../../parts/page.js';

export function KeyPage() {
  return <Page title="Key">{null}</Page>;
}
