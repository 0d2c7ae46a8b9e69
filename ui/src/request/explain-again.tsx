import { Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { RequestRowBody } from '../../../src/admin/contract-activity.js';
import type { ExplainBody } from '../../../src/admin/contract-gateway.js';
import { explain } from '../api/activity.js';
import { useRefusal } from '../api/session.js';
import { Act } from '../parts/act.js';
import { CliTwin } from '../parts/cli-twin.js';
import { ErrorNotice } from '../parts/notices.js';
import { explainCommand } from './explain-command.js';
import { ExplanationAnswer } from './explanation-answer.js';

const KEY_ID = /^[0-9A-Za-z]{12}$/;

/** Would the same request pass now, and why: every rule with its answer. */
export function ExplainAgain({ request }: { request: RequestRowBody }) {
  const refusal = useRefusal('admin');
  const asked = useMutation({
    mutationFn: () => explain(questionOf(request)),
  });
  return (
    <Stack gap="xs">
      <div>
        <Act size="xs" variant="default" refusal={refusal} onClick={() => asked.mutate()} loading={asked.isPending}>
          Explain: would it pass now?
        </Act>
      </div>
      {asked.error !== null && <ErrorNotice error={asked.error} what="It could not be explained" />}
      {asked.data !== undefined && <ExplanationAnswer answer={asked.data} />}
      <CliTwin command={explainCommand(questionOf(request))} />
    </Stack>
  );
}

/** Callers without a key of ours cannot be named here; the rules are then asked for nobody. */
function keyOf({ key_id: id }: RequestRowBody): string | null {
  return id !== null && KEY_ID.test(id) ? id : null;
}

function questionOf(request: RequestRowBody): ExplainBody {
  const { method, path, model, address } = request;
  return { key_id: keyOf(request), method, path, from: address, ...(model === null ? {} : { model }) };
}
