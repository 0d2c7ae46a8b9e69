import { Alert } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useServedAt } from '../../api/served-at.js';
import { CopyField } from '../../parts/copy.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Page, Panel } from '../../parts/page.js';
import { Turning } from '../../parts/waiting.js';
import { ChatPanel } from './chat-panel.js';
import { InferenceRefusal, modelsOf } from './inference.js';
import { KeyPanel, type TriedKey } from './key-panel.js';
import { NotServedHere } from './served-here.js';
import './playground.css';

/** Tries a key and a model: what an application would get, streamed. */
export function PlaygroundPage() {
  const [tried, setTried] = useState<TriedKey | null>(null);
  const servedAt = useServedAt();
  const models = useModels(tried?.secret ?? null);
  const refused = models.error instanceof InferenceRefusal ? models.error : null;
  const notHere = servedAt.here === false || refused?.status === 404;
  return (
    <Page title="Playground" about="Sends a chat as an application would: with a key, through every rule and limit.">
      {notHere && <NotServedHere elsewhere={servedAt.elsewhere} />}
      <KeyPanel key={tried === null ? 'choose' : 'use'} tried={tried} onTry={setTried} />
      {models.error !== null && !notHere && (
        <ErrorNotice
          error={models.error}
          what={refused?.status === 401 ? 'This key is not accepted' : 'The models of this key could not be read'}
          retry={models.readAgain}
        />
      )}
      {models.reading && <Turning what="Reading the models of the key" />}
      {models.names?.length === 0 && (
        <Alert color="yellow" title="No model for this key">
          No model server that runs has a model that this key may use. See the page Replicas, or the patterns of the
          key.
        </Alert>
      )}
      {tried !== null && models.names !== null && models.names.length > 0 && (
        <ChatPanel secret={tried.secret} models={models.names} />
      )}
      {tried === null && <Same origin={servedAt.here === false ? servedAt.elsewhere[0] : undefined} />}
    </Page>
  );
}

/** Read outside of the query cache, whose keys and values outlive the page. */
function useModels(secret: string | null) {
  const [names, setNames] = useState<readonly string[] | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    setNames(null);
    setError(null);
    if (secret === null) return undefined;
    const left = new AbortController();
    modelsOf({ key: secret, signal: left.signal }).then(setNames, (cause: Error) => {
      if (!left.signal.aborted) setError(cause);
    });
    return () => left.abort();
  }, [secret, tries]);
  return {
    names,
    error,
    reading: secret !== null && names === null && error === null,
    readAgain: () => setTries((before) => before + 1),
  };
}

function Same({ origin = window.location.origin }: { origin?: string | undefined }) {
  return (
    <Panel title="The same from a terminal">
      <CopyField text={`curl ${origin}/v1/models -H "authorization: Bearer $KEYPORTER_KEY"`} what="the command" />
    </Panel>
  );
}
