import { Page } from '../../parts/page.js';

export function SettingsPage() {
  return <Page title="Settings">{null}</Page>;
}
