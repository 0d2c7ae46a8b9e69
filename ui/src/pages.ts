import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import {
  ChartIcon,
  GaugeIcon,
  GearIcon,
  KeyIcon,
  ListIcon,
  PlayIcon,
  ServerIcon,
  ShieldIcon,
  StreamIcon,
} from './parts/icons.js';
import { PageNotLoaded } from './layout/page-not-loaded.js';

export interface PageEntry {
  /** Below /ui. */
  path: string;
  label: string;
  /** Absent: the page is reached from another one and stands in no menu. */
  icon?: ComponentType;
  /** What a session needs to see it; null = nothing beyond being signed in. */
  scope: string | null;
  /** It concerns all owners: a key that has an owner cannot see it. */
  installation?: boolean;
  component: LazyExoticComponent<ComponentType>;
}

function opened(load: () => Promise<ComponentType>): PageEntry['component'] {
  return lazy(async () => ({
    default: await load().catch((cause: unknown) => {
      throw new PageNotLoaded(cause);
    }),
  }));
}

/** Every page, in the order of the menu. Each is loaded when it is first opened. */
export const PAGES: readonly PageEntry[] = [
  {
    path: '/',
    label: 'Overview',
    icon: GaugeIcon,
    scope: 'usage:read',
    component: opened(async () => (await import('./pages/overview/overview-page.js')).OverviewPage),
  },
  {
    path: '/keys',
    label: 'Keys',
    icon: KeyIcon,
    scope: 'keys:read',
    component: opened(async () => (await import('./pages/keys/keys-page.js')).KeysPage),
  },
  {
    path: '/keys/:id',
    label: 'Key',
    scope: 'keys:read',
    component: opened(async () => (await import('./pages/key/key-page.js')).KeyPage),
  },
  {
    path: '/streams',
    label: 'Streams',
    icon: StreamIcon,
    scope: 'usage:read',
    component: opened(async () => (await import('./pages/streams/streams-page.js')).StreamsPage),
  },
  {
    path: '/usage',
    label: 'Usage',
    icon: ChartIcon,
    scope: 'usage:read',
    component: opened(async () => (await import('./pages/usage/usage-page.js')).UsagePage),
  },
  {
    path: '/requests',
    label: 'Requests',
    icon: ListIcon,
    scope: 'usage:read',
    component: opened(async () => (await import('./pages/requests/requests-page.js')).RequestsPage),
  },
  {
    path: '/replicas',
    label: 'Replicas',
    icon: ServerIcon,
    scope: 'replicas:read',
    installation: true,
    component: opened(async () => (await import('./pages/replicas/replicas-page.js')).ReplicasPage),
  },
  {
    path: '/audit',
    label: 'Audit',
    icon: ShieldIcon,
    scope: 'audit:read',
    installation: true,
    component: opened(async () => (await import('./pages/audit/audit-page.js')).AuditPage),
  },
  {
    path: '/playground',
    label: 'Playground',
    icon: PlayIcon,
    scope: null,
    component: opened(async () => (await import('./pages/playground/playground-page.js')).PlaygroundPage),
  },
  {
    path: '/settings',
    label: 'Settings',
    icon: GearIcon,
    scope: null,
    component: opened(async () => (await import('./pages/settings/settings-page.js')).SettingsPage),
  },
];
