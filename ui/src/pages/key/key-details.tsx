import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { KeyBody } from '../../api/keys.js';
import { spoken, wholeNumber } from '../../parts/format.js';
import { Moment } from '../../parts/moment.js';
import { Panel } from '../../parts/page.js';

/** What the key may do, and its life so far. */
export function KeyDetails({ subject: key }: { subject: KeyBody }) {
  return (
    <Panel title="Rights and life">
      <dl className="kp-facts">
        <Fact name="Owner">{key.owner ?? 'none'}</Fact>
        <Fact name="Scopes">{listed(key.scopes, 'none')}</Fact>
        <Fact name="Models">{listed(key.models, 'every model that is not restricted')}</Fact>
        <Fact name="Limits">
          <Limits limits={key.limits} />
        </Fact>
        <Fact name="Allowed addresses">{listed(key.allow_ips, 'any')}</Fact>
        <Fact name="Expires">
          <Moment at={key.expires_at} />
        </Fact>
        <Fact name="Last used">
          <Moment at={key.last_used_at} />
        </Fact>
        <Fact name="Made">
          <Moment at={key.created_at} /> by {key.created_by}
        </Fact>
        {Object.keys(key.labels).length > 0 && (
          <Fact name="Labels">
            {listed(
              Object.entries(key.labels).map((label) => label.join('=')),
              '',
            )}
          </Fact>
        )}
        {key.parent_id !== null && (
          <Fact name="Derived from">
            <Link href={`/keys/${encodeURIComponent(key.parent_id)}`}>{key.parent_id}</Link>
          </Fact>
        )}
        {key.imported && <Fact name="Imported">yes, with the secret it had elsewhere</Fact>}
        {key.rotated_at !== null && (
          <Fact name="Rotated">
            <Moment at={key.rotated_at} />
          </Fact>
        )}
        {key.previous !== null && (
          <Fact name="Old secret">
            ends <Moment at={key.previous.expires_at} />, last used <Moment at={key.previous.last_used_at} />
          </Fact>
        )}
        {key.disabled_at !== null && (
          <Fact name="Disabled">
            <Moment at={key.disabled_at} />
          </Fact>
        )}
        {key.revoked_at !== null && (
          <Fact name="Revoked">
            <Moment at={key.revoked_at} />
            {key.revoke_reason === null ? '' : `: ${key.revoke_reason}`}
          </Fact>
        )}
      </dl>
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Limits({ limits }: { limits: KeyBody['limits'] }) {
  const named = Object.entries(limits).filter(([, value]) => value !== undefined);
  if (named.length === 0) return <>none of its own</>;
  return (
    <ul className="kp-plain">
      {named.map(([name, value]) => (
        <li key={name}>
          {spoken(name)}: <b>{typeof value === 'number' ? wholeNumber(value) : (value ?? 'no limit')}</b>
        </li>
      ))}
    </ul>
  );
}

function listed(values: readonly string[], none: string): string {
  return values.length === 0 ? none : values.join(', ');
}
