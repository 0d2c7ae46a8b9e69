import { refusalOf, useSession } from '../../api/session.js';
import { Page } from '../../parts/page.js';
import { ConfigurationPanel } from './configuration-panel.js';
import { FindingsPanel } from './findings-panel.js';
import { GatewayPanel } from './gateway-panel.js';
import { SessionPanel } from './session-panel.js';
import './settings.css';

/** What the gateway was told to do, what it does, and who is signed in. Each part is shown to who may see it. */
export function SettingsPage() {
  const session = useSession();
  const seesGateway = refusalOf(session, 'replicas:read', true) === null;
  const seesConfiguration = refusalOf(session, 'admin', true) === null;
  return (
    <Page title="Settings" about="The configuration is changed in keyporter.yaml; here it is shown and read anew.">
      <div className="kp-columns">
        <SessionPanel />
        {seesGateway && <GatewayPanel />}
      </div>
      {seesConfiguration && <FindingsPanel />}
      {seesConfiguration && <ConfigurationPanel />}
    </Page>
  );
}
