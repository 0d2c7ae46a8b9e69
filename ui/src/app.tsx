import { useEffect, useRef, useState } from 'react';
import { Router } from 'wouter';
import { SessionContext, useSessionQuery, useSignIn } from './api/session.js';
import { Layout } from './layout/layout.js';
import { PageOfAddress } from './layout/page-of-address.js';
import { Clock } from './parts/moment.js';
import { Turning } from './parts/waiting.js';
import { SignIn } from './sign-in/sign-in.js';

/** The sign-in page, or everything behind it. `link` is the secret of a one-time link that was opened. */
export function App({ link }: { link: string | null }) {
  const opened = useLink(link);
  const { data: session, error, isPending } = useSessionQuery(opened.isSettled);
  const [wasSignedIn, setWasSignedIn] = useState(false);
  if (session != null && !wasSignedIn) setWasSignedIn(true);
  if (session != null)
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
  if (isPending)
    return (
      <main className="kp-center">
        <Turning what={opened.isSettled ? 'Loading' : 'Signing in with the link'} />
      </main>
    );
  return <SignIn linkFailure={opened.failure} trouble={error} wasSignedIn={wasSignedIn} />;
}

interface OpenedLink {
  /** There was no link, or its answer has come. Until then nobody may ask who is signed in: it is about to change. */
  isSettled: boolean;
  failure: Error | null;
}

/** Signs in with a one-time link, once. */
function useLink(link: string | null): OpenedLink {
  const [opened, setOpened] = useState<OpenedLink>({ isSettled: link === null, failure: null });
  const { mutateAsync } = useSignIn();
  const used = useRef(false);
  useEffect(() => {
    // A link works once: it must not be sent again when React runs effects twice.
    if (link === null || used.current) return;
    used.current = true;
    mutateAsync({ link }).then(
      () => setOpened({ isSettled: true, failure: null }),
      (failure: Error) => setOpened({ isSettled: true, failure }),
    );
  }, [link, mutateAsync]);
  return opened;
}
