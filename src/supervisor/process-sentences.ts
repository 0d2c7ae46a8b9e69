import type { Exit } from './protocol.js';
import type { Specification } from './specification.js';

/** What happened, and where the reason stands. */
export function exitSentence(id: string, exit: Exit, ranMs: number): string {
  const how = exit.signal === null ? `ended with exit code ${exit.code ?? 'unknown'}` : `was ended by ${exit.signal}`;
  return `It ${how} after ${lasted(ranMs)}. Its last words: \`keyporter replicas logs ${id}\`.`;
}

const START_FAULTS: Readonly<Record<string, (program: string, cwd: string) => string>> = {
  ENOENT: (program, cwd) =>
    `The program ${program} does not exist (looked in PATH and from ${cwd}): install it, or correct \`command\`.`,
  EACCES: (program) =>
    `The program ${program} may not be run by this user: make it executable, or correct \`command\`.`,
  ENOTDIR: (program) => `A part of the path ${program} is no directory: correct \`command\`.`,
  ENOEXEC: (program) =>
    `The file ${program} is no program: it may need an interpreter in front, or lack its first line.`,
  E2BIG: () => 'The command and its environment are too long for the system.',
  EAGAIN: () => 'The system allows no more processes: raise the limit of this user.',
  ENOMEM: () => 'There is not enough memory to start it.',
  lost: () => 'The process that keeps the engines was lost while this one started.',
};

/** Why a process could not be started and what to do. */
export function startFaultSentence(code: string, program: string, cwd: string): string {
  return START_FAULTS[code]?.(program, cwd) ?? `It could not be started: the system says ${code}.`;
}

/** Why a process that was never ready is ended. `said`: the rest of a sentence that begins with the process. */
export function tooSlowSentence({ id, probe }: Specification, said: string): string {
  return `It was not ready within ${probe.startupGraceMs / 1000} s: it ${said}. Look at \`keyporter replicas logs ${id}\`, correct \`readiness_probe.path\`, or raise \`readiness_probe.startup_grace_seconds\`.`;
}

/** Why a process that was ready is ended. */
export function hangSentence({ id }: Specification, said: string): string {
  return `It was ready, and for minutes since it ${said}: it is ended and started again. Look at \`keyporter replicas logs ${id}\`.`;
}

function lasted(durationMs: number): string {
  return durationMs < 10_000 ? `${(durationMs / 1000).toFixed(1)} s` : `${Math.round(durationMs / 1000)} s`;
}
