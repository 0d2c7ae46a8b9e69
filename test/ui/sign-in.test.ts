import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { startWorld, type World } from '../support/start-gateway.js';
import { hasChromium, openBrowser, PHONE, seriousViolations, signIn, watchedPage } from './browser.js';

const LIMIT_MS = 60_000;
const STEP_MS = 20_000;

describe.skipIf(!hasChromium)('signing in with a browser (chromium has to be installed)', () => {
  let world: World;
  let browser: Browser;

  beforeAll(async () => {
    world = await startWorld();
    browser = await openBrowser();
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  const open = async (path: string): Promise<Page> => {
    const { page } = await watchedPage(browser);
    page.setDefaultTimeout(STEP_MS);
    await page.goto(`${world.gateway.url}/ui${path}`);
    return page;
  };

  const withKey = async (page: Page, key: string): Promise<void> => {
    await page.getByLabel('Admin key').fill(key);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };

  it('a link that was used already says how to get a new one', { timeout: LIMIT_MS }, async () => {
    const link = String((await world.admin.must('POST', '/session/links'))['url']);
    await signIn(await watchedPage(browser), link);
    const page = await open(link.slice(link.indexOf('#')));
    await page.getByText('Run keyporter ui again for a new one').waitFor();
    expect(page.url()).not.toContain('link=');
  });

  it(
    'a key that is unknown, and one without rights of administration, are told apart in words',
    { timeout: LIMIT_MS },
    async () => {
      const page = await open('/');
      await withKey(page, `${world.key.slice(0, -1)}${world.key.endsWith('a') ? 'b' : 'a'}`);
      await page.getByText('This key is not known here').waitFor();
      await withKey(page, world.key);
      await page.getByText('This key may not use the admin API').waitFor();
      expect(await seriousViolations(page)).toEqual([]);
    },
  );

  it(
    'a key that may only read sees why it cannot make one, and the pages it may not see are not in the menu',
    { timeout: LIMIT_MS },
    async () => {
      const { key } = await world.admin.createKey({ name: 'reader', scopes: ['keys:read'] });
      const page = await open('/');
      await withKey(page, key);
      // It may not see the overview: it begins where it may.
      await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor();
      const menu = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
      expect(await menu.allTextContents()).toEqual(['Keys', 'Playground', 'Settings']);
      const create = page.getByRole('button', { name: 'Create a key' });
      expect(await create.getAttribute('aria-disabled')).toBe('true');
      await create.hover();
      await page.getByRole('tooltip').getByText('Needs the scope keys:write').waitFor();
      await create.focus();
      await page.keyboard.press('Enter');
      expect(await page.getByRole('dialog').count()).toBe(0);
    },
  );

  it('the sign-in page is back as soon as the key of the session is revoked', { timeout: LIMIT_MS }, async () => {
    const { id, key } = await world.admin.createKey({ name: 'short lived', scopes: ['usage:read'] });
    const page = await open('/streams');
    await withKey(page, key);
    await page.locator('.kp-live[data-state="live"]').waitFor();
    await world.admin.must('POST', `/keys/${id}/revoke`, {});
    await page.getByLabel('Admin key').waitFor();
    await page.getByText('You are signed out').waitFor();
  });

  it('signing out ends the session for every page of the browser', { timeout: LIMIT_MS }, async () => {
    const { key } = await world.admin.createKey({ name: 'leaving', scopes: ['keys:read'] });
    const page = await open('/keys');
    await withKey(page, key);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Admin key').waitFor();
    await page.reload();
    await page.getByLabel('Admin key').waitFor();
    expect((await page.context().cookies()).filter(({ value }) => value !== '')).toEqual([]);
  });

  it('a key is made with the keyboard alone', { timeout: LIMIT_MS }, async () => {
    const { key } = await world.admin.createKey({ name: 'typist', scopes: ['admin'] });
    const page = await open('/keys');
    await withKey(page, key);
    await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor();
    await page.getByRole('button', { name: 'Create a key' }).focus();
    await page.keyboard.press('Enter');
    // The dialog has the focus in its first field, and Enter sends it.
    await page.getByRole('dialog').getByLabel('Name').waitFor();
    await expect.poll(() => page.evaluate<string>('document.activeElement?.tagName')).toBe('INPUT');
    await page.keyboard.type('typed');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Copy the key' }).waitFor();
    // A slip on Escape must not lose a secret that cannot be shown again.
    await page.keyboard.press('Escape');
    expect(await page.getByRole('button', { name: 'Copy the key' }).count()).toBe(1);
  });

  it(
    'a menu and the dialog that it opened give the focus back to where they came from',
    { timeout: LIMIT_MS },
    async () => {
      const { key } = await world.admin.createKey({ name: 'chooser', scopes: ['admin'] });
      const page = await open('/keys');
      await withKey(page, key);
      const dots = page.getByRole('button', { name: 'Actions for chooser' });
      const focused = (): Promise<string> => page.evaluate<string>('document.activeElement?.ariaLabel ?? ""');
      await dots.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('menuitem', { name: 'Change' }).waitFor();
      await page.keyboard.press('Escape');
      await expect.poll(focused).toBe('Actions for chooser');
      await page.keyboard.press('Enter');
      await page.getByRole('menuitem', { name: 'Disable' }).press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await expect.poll(focused).toBe('Actions for chooser');
    },
  );

  it(
    'on a phone the menu is behind a button, and no page of keys scrolls sideways',
    { timeout: LIMIT_MS },
    async () => {
      const { key } = await world.admin.createKey({ name: 'phone', scopes: ['admin'] });
      const { page } = await watchedPage(browser, { viewport: PHONE, scheme: 'dark' });
      page.setDefaultTimeout(STEP_MS);
      await page.goto(`${world.gateway.url}/ui/keys`);
      await withKey(page, key);
      for (const name of ['Streams', 'Overview', 'Keys']) {
        await page.getByRole('button', { name: 'Open the menu' }).click();
        await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
        await page.getByRole('heading', { level: 1, name }).waitFor();
        expect(await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThan(1);
      }
      await page.getByRole('link', { name: 'phone', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'phone' }).waitFor();
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThan(1);
      expect(await seriousViolations(page)).toEqual([]);
    },
  );
});
