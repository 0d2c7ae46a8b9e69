import { Page } from '../../parts/page.js';

export function StreamsPage() {
  return <Page title="Streams">{null}</Page>;
}
