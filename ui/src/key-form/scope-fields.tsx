import { holds, useSession } from '../api/session.js';
import { SCOPE_GROUPS } from './scope-words.js';

interface ScopeParts {
  scopes: readonly string[];
  onChange: (scopes: string[]) => void;
}

/** What the key may do. Nobody grants what he does not hold himself: those boxes say so. */
export function ScopeFields({ scopes, onChange }: ScopeParts) {
  const session = useSession();
  const chosen = new Set(scopes);
  const toggle = (scope: string): void =>
    onChange(chosen.has(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope]);
  return (
    <fieldset className="kp-scopes">
      <legend>Scopes</legend>
      {SCOPE_GROUPS.map((group) => (
        <div key={group.name} role="group" aria-label={group.name}>
          <div className="kp-scope-group">{group.name}</div>
          {group.scopes.map(({ scope, words }) => {
            const held = holds(session, scope);
            return (
              <label key={scope} className="kp-check">
                <input
                  type="checkbox"
                  checked={chosen.has(scope)}
                  disabled={!held && !chosen.has(scope)}
                  onChange={() => toggle(scope)}
                />
                <span>
                  <code>{scope}</code> <span className="kp-dim">{held ? words : 'you do not hold it'}</span>
                </span>
              </label>
            );
          })}
        </div>
      ))}
    </fieldset>
  );
}
