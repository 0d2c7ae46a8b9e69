import { Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { refusalOf, useSession } from '../api/session.js';
import { PAGES, type PageEntry } from '../pages.js';
import { EmptyState, NotAllowed } from '../parts/notices.js';
import { Page } from '../parts/page.js';
import { Turning } from '../parts/waiting.js';
import { PageFault } from './page-fault.js';

/** The page that belongs to the address. */
export function PageOfAddress() {
  const [address] = useLocation();
  return (
    <PageFault key={address}>
      <Suspense fallback={<Turning className="kp-center" what="Loading the page" />}>
        <Switch>
          {PAGES.map((page) => (
            <Route key={page.path} path={page.path}>
              <Allowed page={page} />
            </Route>
          ))}
          <Route>
            <Page title="No such page">
              <EmptyState title="There is nothing at this address">Choose a page in the menu.</EmptyState>
            </Page>
          </Route>
        </Switch>
      </Suspense>
    </PageFault>
  );
}

function Allowed({ page }: { page: PageEntry }) {
  const session = useSession();
  const refusal = page.scope === null ? null : refusalOf(session, page.scope, page.installation);
  if (refusal === null) return <page.component />;
  // Everybody lands on the overview; who may not see it begins with the first page he may see.
  const first = PAGES.find(({ icon, scope, installation }) => {
    return icon !== undefined && (scope === null || refusalOf(session, scope, installation) === null);
  });
  if (page.path === '/' && first !== undefined) return <Redirect to={first.path} replace />;
  return (
    <Page title={page.label}>
      <NotAllowed reason={refusal} />
    </Page>
  );
}
