const VALUE = String.raw`(?:"[^"]*"|'[^']*'|\S+)`;
const SECRET_WORDS = 'token|secret|password|passwd|credentials?|apikey|api[-_]key';
/** `--hf-token VALUE`, `--password=VALUE`, and llama.cpp's short name for the first of them. */
const OPTION = new RegExp(
  String.raw`(?<=^|\s)((?:-hft|--(?:[a-z0-9]+[-_])*(?:${SECRET_WORDS}))(?:\s+|=))(${VALUE})`,
  'gi',
);
/** `HF_TOKEN=VALUE`, in front of a program or as an argument. */
const VARIABLE = new RegExp(String.raw`(?<=^|\s|["'])([A-Za-z_]\w*)=(${VALUE})`, 'g');
const ENGINE_KEY = /^--api[-_]?key$/i;
const REFERENCE = /^["']?\$\{?[A-Za-z_][\w.]*\}?["']?$/;

interface PublicCommand {
  command: string;
  /** Variables of the environment that stand where a secret stood. */
  variables: string[];
  /** The engine was given a key, which is left out: each process gets one of its own. */
  hadKey: boolean;
}

/** True for the name of a variable or a member that holds a secret. */
export function isSecretName(name: string): boolean {
  return /TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIAL/i.test(name);
}

/** A command line that can be shown and kept: values that look like secrets become references to the environment. */
export function withoutSecrets(command: string): PublicCommand {
  const variables = new Set<string>();
  let hadKey = false;
  const referTo = (name: string): string => {
    variables.add(name);
    return `\${${name}}`;
  };
  const shown = command
    .replaceAll(OPTION, (whole, begin: string, value: string) => {
      const option = begin.replace(/[\s=]+$/, '');
      if (ENGINE_KEY.test(option)) {
        hadKey = true;
        return '';
      }
      return REFERENCE.test(value) ? whole : begin + referTo(variableOf(option));
    })
    .replaceAll(VARIABLE, (whole, name: string, value: string) =>
      !isSecretName(name) || REFERENCE.test(value) ? whole : `${name}=${referTo(name)}`,
    )
    .replaceAll(/:\/\/[^\s/@"']+@/g, '://');
  return { command: shown.replaceAll(/ {2,}/g, ' ').trim(), variables: [...variables], hadKey };
}

function variableOf(option: string): string {
  return option === '-hft' ? 'HF_TOKEN' : option.replace(/^--/, '').replaceAll('-', '_').toUpperCase();
}
