import { Stack, Text } from '@mantine/core';
import type { RequestRowBody } from '../../../src/admin/contract-activity.js';
import { CopyField } from '../parts/copy.js';
import { byteSize, duration, moment } from '../parts/format.js';
import { Facts } from '../parts/facts.js';
import { KeyLink } from '../parts/key-link.js';
import { StatusText } from '../parts/status-text.js';
import { ExplainAgain } from './explain-again.js';
import './request.css';
import { Dialog } from '../parts/dialog.js';

/** Everything the log knows of one request. */
export function RequestDetails({ request, onClose }: { request: RequestRowBody; onClose: () => void }) {
  return (
    <Dialog size="lg" onClose={onClose} title={`${request.method} ${request.path}`}>
      <Stack>
        <div>
          <StatusText status={request.status} code={request.code} />
          <Text size="sm" mt={6}>
            {decisionOf(request)}
          </Text>
        </div>
        <Timings request={request} />
        <Facts
          of={[
            ['Began', moment(request.started_at)],
            ['Key', <KeyLink key="key" id={request.key_id} />],
            ['Secret', request.previous_secret ? 'the one before the last rotation' : null],
            ['Owner', request.owner],
            ['Model', request.model],
            ['Replica', request.replica],
            ['Attempts', attemptsOf(request)],
            ['Streamed', request.streamed ? 'yes' : 'no'],
            ['Received', byteSize(request.bytes_in)],
            ['Sent', byteSize(request.bytes_out)],
            ['From', request.address],
            ['Client', request.user_agent],
            ['Request id', <CopyField key="id" text={request.id} what="the request id" />],
            [
              'Correlation id',
              request.correlation_id === null ? null : (
                <CopyField key="correlation" text={request.correlation_id} what="the correlation id" />
              ),
            ],
          ]}
        />
        <ExplainAgain request={request} />
      </Stack>
    </Dialog>
  );
}

function decisionOf({ status, code, reason }: RequestRowBody): string {
  if (reason !== null) return reason;
  if (code !== null) return `It ended with ${code}.`;
  return status < 400 ? 'It was admitted and answered.' : 'The model server answered with this status.';
}

function attemptsOf({ attempts }: RequestRowBody): string {
  return attempts === 0 ? 'none: it never reached a model server' : String(attempts);
}

/** Where the time went, as a bar and in words. */
function Timings({ request: { first_byte_ms: first, duration_ms: whole } }: { request: RequestRowBody }) {
  const until = first === null ? 0 : Math.min(first, whole);
  const words =
    first === null
      ? `${duration(whole)} in all, without an answer from a model server`
      : `${duration(first)} to the first byte, then ${duration(whole - until)} until the end: ${duration(whole)} in all`;
  return (
    <div>
      <svg className="kp-timings" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={words}>
        <rect className="kp-timings-rest" width="100" height="4" />
        <rect className="kp-timings-first" width={whole > 0 ? (until / whole) * 100 : 0} height="4" />
      </svg>
      <Text size="xs" className="kp-dim" aria-hidden="true">
        {words}
      </Text>
    </div>
  );
}
