import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { KeyBody } from '../../api/keys.js';
import { spoken, wholeNumber } from '../../parts/format.js';
import { Facts } from '../../parts/facts.js';
import { Moment } from '../../parts/moment.js';
import { Panel } from '../../parts/page.js';

type Told = readonly (readonly [name: string, value: ReactNode])[];

/** What the key may do, and its life so far. */
export function KeyDetails({ subject }: { subject: KeyBody }) {
  return (
    <Panel title="Rights and life">
      <Facts of={[...rightsOf(subject), ...lifeOf(subject)]} />
    </Panel>
  );
}

function rightsOf(key: KeyBody): Told {
  return [
    ['Owner', key.owner ?? 'none'],
    ['Scopes', listed(key.scopes, 'none')],
    ['Models', listed(key.models, 'every model that is not restricted')],
    ['Limits', <Limits key="limits" limits={key.limits} />],
    ['Allowed addresses', listed(key.allow_ips, 'any')],
    ['Expires', <Moment key="expires" at={key.expires_at} />],
    [
      'Attributes',
      Object.keys(key.attributes).length === 0 ? null : <Attributes key="attributes" of={key.attributes} />,
    ],
    [
      'Labels',
      listed(
        Object.entries(key.labels).map((label) => label.join('=')),
        '',
      ) || null,
    ],
    [
      'Derived from',
      key.parent_id === null ? null : (
        <Link key="parent" href={`/keys/${encodeURIComponent(key.parent_id)}`}>
          {key.parent_id}
        </Link>
      ),
    ],
  ];
}

function lifeOf(key: KeyBody): Told {
  const at = (name: string, moment: number | null): Told[number] => [
    name,
    moment === null ? null : <Moment key={name} at={moment} />,
  ];
  return [
    ['Last used', <Moment key="used" at={key.last_used_at} />],
    [
      'Made',
      <span key="made">
        <Moment at={key.created_at} /> by {key.created_by}
      </span>,
    ],
    ['Imported', key.imported ? 'yes, with the secret it had elsewhere' : null],
    at('Rotated', key.rotated_at),
    ['Old secret', key.previous === null ? null : <OldSecret key="old" previous={key.previous} />],
    at('Disabled', key.disabled_at),
    at('Revoked', key.revoked_at),
    ['Reason', key.revoke_reason],
  ];
}

function OldSecret({ previous }: { previous: NonNullable<KeyBody['previous']> }) {
  return (
    <>
      ends <Moment at={previous.expires_at} />, last used <Moment at={previous.last_used_at} />
    </>
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

function Attributes({ of }: { of: KeyBody['attributes'] }) {
  return (
    <ul className="kp-plain">
      {Object.entries(of).map(([name, values]) => (
        <li key={name}>
          {name}: {listed(values, 'no value')}
        </li>
      ))}
    </ul>
  );
}

function listed(values: readonly string[], none: string): string {
  return values.length === 0 ? none : values.join(', ');
}
