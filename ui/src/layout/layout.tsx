import { ActionIcon, Burger, Tooltip, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, useLocation, useRoute } from 'wouter';
import { refusalOf, useSession, useSignOut } from '../api/session.js';
import { PAGES, type PageEntry } from '../pages.js';
import { AutoIcon, MoonIcon, OutIcon, SunIcon } from '../parts/icons.js';

/** The frame around every page: the menu at the left, on a phone behind a button. */
export function Layout({ children }: { children: ReactNode }) {
  const [menuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const [address] = useLocation();
  const shown = useRef(address);
  useEffect(() => {
    if (shown.current === address) return;
    shown.current = address;
    setMenuOpen(false);
    window.scrollTo(0, 0);
    // Whoever reads the page by ear or moves by keyboard goes on at the new page, not in the menu.
    main.current?.focus();
  }, [address]);
  return (
    <div className="kp-frame">
      <a className="kp-skip" href="#main">
        Skip to the page
      </a>
      <header className="kp-top">
        <Burger
          className="kp-burger"
          size="sm"
          opened={menuOpen}
          onClick={() => setMenuOpen(!menuOpen)}
          aria-label={menuOpen ? 'Close the menu' : 'Open the menu'}
          aria-expanded={menuOpen}
          aria-controls="menu"
        />
        <Link href="/" className="kp-brand">
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width="24" height="24" />
          Keyporter
        </Link>
        <div className="kp-top-end">
          <WhoIsSignedIn />
          <SchemeButton />
          <SignOutButton />
        </div>
      </header>
      <nav id="menu" className="kp-menu" data-open={menuOpen} aria-label="Pages">
        <MenuItems />
      </nav>
      <main id="main" ref={main} className="kp-main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function MenuItems() {
  const session = useSession();
  const allowed = PAGES.filter(({ icon, scope, installation }) => {
    return icon !== undefined && (scope === null || refusalOf(session, scope, installation) === null);
  });
  return (
    <ul>
      {allowed.map((page) => (
        <li key={page.path}>
          <MenuItem page={page} />
        </li>
      ))}
    </ul>
  );
}

function MenuItem({ page }: { page: PageEntry }) {
  const [here] = useRoute(page.path === '/' ? '/' : `${page.path}/*?`);
  const Icon = page.icon;
  return (
    <Link href={page.path} className="kp-menu-item" aria-current={here ? 'page' : undefined}>
      {Icon !== undefined && <Icon />}
      {page.label}
    </Link>
  );
}

function WhoIsSignedIn() {
  const { name, owner, kind } = useSession();
  const rights = kind === 'operator' ? 'all rights' : owner === null ? 'all owners' : `owner ${owner}`;
  return (
    <span className="kp-who" title={`${name}, ${rights}`}>
      <b>{name}</b> <span className="kp-dim">{rights}</span>
    </span>
  );
}

const NEXT: Record<MantineColorScheme, MantineColorScheme> = { auto: 'light', light: 'dark', dark: 'auto' };
const SCHEME_ICONS = { auto: AutoIcon, light: SunIcon, dark: MoonIcon };

function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = SCHEME_ICONS[colorScheme];
  const label = `Colours: ${colorScheme === 'auto' ? 'as the system' : colorScheme}. Press for the next.`;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => setColorScheme(NEXT[colorScheme])}>
        <Icon />
      </ActionIcon>
    </Tooltip>
  );
}

function SignOutButton() {
  const signOut = useSignOut();
  return (
    <Tooltip label="Sign out">
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Sign out"
        loading={signOut.isPending}
        onClick={() => signOut.mutate()}
      >
        <OutIcon />
      </ActionIcon>
    </Tooltip>
  );
}
