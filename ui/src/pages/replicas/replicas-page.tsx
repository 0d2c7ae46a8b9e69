import { Page } from '../../parts/page.js';

export function ReplicasPage() {
  return <Page title="Replicas">{null}</Page>;
}
