import type { DoctorFinding } from '../admin/ports.js';
import type { Config } from '../config/schema.js';
import type { CertificateFacts, FileFacts, HostFacts } from './facts.js';

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const DAY_MS = 86_400_000;
const EXPIRES_SOON_MS = 21 * DAY_MS;
const LITTLE_SPACE_BYTES = 1_073_741_824;
const NO_SPACE_BYTES = 67_108_864;
/** A client and its model server take a descriptor each; files, sockets and workers take the rest. */
const FILES_PER_CONNECTION = 2;
const OWN_FILES = 256;
/** Before this the clock was surely never set: 2026-01-01. */
const EARLIEST_MS = 1_767_225_600_000;

/** The machine: Node.js, clock, limits, files and certificates. */
export function checkHost(host: HostFacts, config: Config): DoctorFinding[] {
  return [
    ...checkNode(host.nodeVersion),
    ...checkClock(host.nowMs),
    ...checkOpenFiles(host.openFiles, config.server.max_connections),
    ...checkConfigFile(host),
    ...checkDataDirectory(host),
    ...host.certificates.flatMap((certificate) => checkCertificate(certificate, host.nowMs)),
  ];
}

function checkNode(version: string): DoctorFinding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20) return [];
  if (major === 20 && minor >= 19) {
    return [
      {
        check: 'node_old',
        severity: 'note',
        finding: `Node.js ${version} gets no security fixes any more.`,
        cure: 'Run Keyporter on Node.js 24.',
      },
    ];
  }
  return [
    {
      check: 'node_unsupported',
      severity: 'error',
      finding: `Node.js ${version} is older than Keyporter needs.`,
      cure: 'Install Node.js 24, or at least 20.19.',
    },
  ];
}

function checkClock(nowMs: number): DoctorFinding[] {
  if (nowMs >= EARLIEST_MS) return [];
  return [
    {
      check: 'clock_wrong',
      severity: 'error',
      finding: `The clock of this machine says ${new Date(nowMs).toISOString()}: keys expire too late.`,
      cure: 'Set the clock and keep it set with NTP.',
    },
  ];
}

function checkOpenFiles(limit: number | null, maxConnections: number): DoctorFinding[] {
  const needed = maxConnections * FILES_PER_CONNECTION + OWN_FILES;
  if (limit === null || limit >= needed) return [];
  const finding = `The system lets Keyporter open ${limit} files, but \`server.max_connections: ${maxConnections}\` may need ${needed}.`;
  return [
    {
      check: 'open_files',
      severity: 'warning',
      finding,
      cure: `Raise the limit (\`ulimit -n ${needed}\`, or LimitNOFILE=${needed} under systemd), or lower \`server.max_connections\` to ${Math.max(1, Math.floor((limit - OWN_FILES) / FILES_PER_CONNECTION))}.`,
    },
  ];
}

function checkConfigFile({ configFile, userId }: HostFacts): DoctorFinding[] {
  if (configFile === null) return [];
  const { path, mode, ownerId } = configFile;
  if ((mode & OTHERS_WRITE) !== 0) {
    return [
      {
        check: 'config_writable',
        severity: 'error',
        finding: `Others may write ${path}, and with it decide where requests and keys of model servers go.`,
        cure: `chmod go-w ${path}`,
      },
    ];
  }
  if (userId === null || ownerId === userId || ownerId === 0) return [];
  return [
    {
      check: 'config_owner',
      severity: 'warning',
      finding: `${path} belongs to another user (id ${ownerId}), who may change it.`,
      cure: `chown it to root or to the user Keyporter runs as (id ${userId}).`,
    },
  ];
}

function checkDataDirectory({ dataDirectory, userId }: HostFacts): DoctorFinding[] {
  if (dataDirectory === null) return [];
  const { path, mode, ownerId, freeBytes, files } = dataDirectory;
  const findings: DoctorFinding[] = [];
  if ((mode & OTHERS) !== 0)
    findings.push({
      check: 'data_directory_open',
      severity: 'error',
      finding: `Other users may enter the data directory ${path}.`,
      cure: `chmod 700 ${path}`,
    });
  if (userId !== null && ownerId !== userId)
    findings.push({
      check: 'data_directory_owner',
      severity: 'error',
      finding: `The data directory ${path} belongs to another user (id ${ownerId}).`,
      cure: `chown -R it to the user Keyporter runs as (id ${userId}).`,
    });
  findings.push(...files.filter((file) => (file.mode & OTHERS) !== 0 && (mode & OTHERS) !== 0).map(openFile));
  if (freeBytes < LITTLE_SPACE_BYTES) {
    const severity = freeBytes < NO_SPACE_BYTES ? 'error' : 'warning';
    findings.push({
      check: 'disk_space',
      severity,
      finding: `Only ${Math.floor(freeBytes / 1_048_576)} MiB are free where ${path} lies; on a full disk no key can be made.`,
      cure: 'Free space there, shorten `usage.request_log_days`, or move `data_dir`.',
    });
  }
  return findings;
}

function openFile({ path }: FileFacts): DoctorFinding {
  return {
    check: 'data_file_open',
    severity: 'error',
    finding: `Other users may read or write ${path}.`,
    cure: `chmod 600 ${path}`,
  };
}

function checkCertificate({ file, validUntilMs, key }: CertificateFacts, nowMs: number): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const renew = 'Renew it; the new file is taken up by itself.';
  if (validUntilMs === null)
    findings.push({
      check: 'certificate_unreadable',
      severity: 'error',
      finding: `${file} cannot be read as a certificate.`,
      cure: 'Name a PEM file that the user Keyporter runs as may read as `cert_file`.',
    });
  else if (validUntilMs <= nowMs)
    findings.push({
      check: 'certificate_expired',
      severity: 'error',
      finding: `The certificate ${file} expired on ${day(validUntilMs)}.`,
      cure: renew,
    });
  else if (validUntilMs - nowMs < EXPIRES_SOON_MS)
    findings.push({
      check: 'certificate_expiring',
      severity: 'warning',
      finding: `The certificate ${file} expires on ${day(validUntilMs)}.`,
      cure: renew,
    });
  if (key !== null && (key.mode & OTHERS & ~0o040) !== 0)
    findings.push({
      check: 'certificate_key_open',
      severity: 'error',
      finding: `Other users may use the private key ${key.path}.`,
      cure: `chmod 600 ${key.path}, and replace key and certificate if others work on this machine.`,
    });
  return findings;
}

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
