import { Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { RequestRowBody } from '../../../../src/admin/contract-activity.js';
import type { ExplainBody, ExplanationBody } from '../../../../src/admin/contract-gateway.js';
import { explain } from '../../api/activity.js';
import { useRefusal } from '../../api/session.js';
import { Act } from '../../parts/act.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { spoken, wholeNumber } from '../../parts/format.js';
import { Moment } from '../../parts/moment.js';
import { ErrorNotice } from '../../parts/notices.js';

const KEY_ID = /^[0-9A-Za-z]{12}$/;

/** Would the same request pass now, and why: every rule with its answer. */
export function Explanation({ request }: { request: RequestRowBody }) {
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
      {asked.data !== undefined && <Answer explanation={asked.data} />}
      <CliTwin command={commandOf(request)} />
    </Stack>
  );
}

function Answer({ explanation: { allowed, status, code, rules, limits, next_pass_at: next } }: AnswerParts) {
  return (
    <Stack gap="xs" role="status">
      <Text size="sm" fw={600}>
        {allowed ? 'It would pass.' : `It would be refused: ${status} ${code ?? ''}.`}
        {next !== null && (
          <>
            {' '}
            It would pass <Moment at={next} />.
          </>
        )}
      </Text>
      <ul className="kp-rules">
        {rules.map((rule) => (
          <li key={`${rule.rule} ${rule.why}`} data-answer={rule.answer}>
            <b>{rule.answer}</b> <span>{spoken(rule.rule)}</span> <span className="kp-dim">{rule.why}</span>
          </li>
        ))}
        {limits.map(({ limit, account, most, remaining }) => (
          <li key={`${limit} ${account}`} data-answer={remaining > 0 ? 'allow' : 'deny'}>
            <b>limit</b> <span>{spoken(limit)}</span>{' '}
            <span className="kp-dim">
              {wholeNumber(remaining)} of {wholeNumber(most)} left of {account}
            </span>
          </li>
        ))}
      </ul>
    </Stack>
  );
}

interface AnswerParts {
  explanation: ExplanationBody;
}

/** Callers without a key of ours cannot be named here; the rules are then asked for nobody. */
function keyOf({ key_id: id }: RequestRowBody): string | null {
  return id !== null && KEY_ID.test(id) ? id : null;
}

function questionOf(request: RequestRowBody): ExplainBody {
  const { method, path, model, address } = request;
  return { key_id: keyOf(request), method, path, from: address, ...(model === null ? {} : { model }) };
}

function commandOf(request: RequestRowBody): string {
  const { method, path, model, address } = request;
  const id = keyOf(request);
  return [
    'keyporter explain',
    ...(id === null ? [] : [`--id ${id}`]),
    `${method} ${shellWord(path)}`,
    ...(model === null ? [] : [`--model ${shellWord(model)}`]),
    `--from ${shellWord(address)}`,
  ].join(' ');
}
