import { Loader } from '@mantine/core';
import { Router } from 'wouter';
import { SessionContext, useSessionQuery } from './api/session.js';
import { Layout } from './layout/layout.js';
import { PageOfAddress } from './layout/page-of-address.js';
import { Clock } from './parts/moment.js';
import { SignIn } from './sign-in/sign-in.js';

/** The sign-in page, or everything behind it. `link` is the secret of a one-time link that was opened. */
export function App({ link }: { link: string | null }) {
  const { data: session, error, isPending } = useSessionQuery(link);
  if (isPending && link === null)
    return (
      <main className="kp-center">
        <Loader aria-label="Loading" />
      </main>
    );
  if (session == null) return <SignIn link={link} trouble={error} />;
  return (
    <SessionContext value={session}>
      <Clock>
        <Router base="/ui">
          <Layout>
            <PageOfAddress />
          </Layout>
        </Router>
      </Clock>
    </SessionContext>
  );
}
