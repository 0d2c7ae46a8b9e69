import * as z from 'zod';
import { Secret } from '../core/secret.js';
import { flag, listOf, textLike, told, wholeNumber } from './members.js';

/** Shell text may have several lines. */
function commandText() {
  return textLike(
    (value) => value.trim() !== '' && value.length <= 8192 && !/[^\P{Cc}\n\t]/u.test(value),
    'must be a command of 1 to 8192 characters',
  );
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

/** Values are kept like secrets, because some of them are, and nobody can tell which. */
const environment = z
  .record(
    z.string(),
    z
      .string(told('must be text (put numbers in quotes)'))
      .refine(
        (value) => value.length <= 32_768 && !value.includes('\0'),
        told('must be text of at most 32768 characters'),
      )
      .transform((value) => new Secret(value)),
    told('must be a map from names of variables to text'),
  )
  .superRefine((map, context) => {
    for (const name of Object.keys(map).filter((one) => !VARIABLE.test(one))) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'must be named by letters, digits and _',
        input: name,
        continue: true,
      });
    }
  })
  .default({})
  .meta({
    description:
      "Variables of the processes. Besides these they get only `PATH`, `HOME`, `LANG` and the like, nothing of Keyporter's own. `{api_key}` is a private key made for each process, `{key_file}` a file with it; `{port}` and `{index}` are filled in too.",
    examples: [{ LLAMA_API_KEY: '{api_key}' }],
  });

/** A model whose servers Keyporter starts itself. */
export const startedMembers = {
  command: commandText()
    .nullable()
    .default(null)
    .meta({
      description:
        'Command that starts a server of this model, in place of `replicas`. Split into words without a shell, run in the directory of the configuration file. `{port}`, `{index}` (the number of the process, from 0) and `{key_file}` are filled in. It must bind 127.0.0.1.',
      examples: ['llama-server -m gemma3.gguf --port {port} --host 127.0.0.1'],
    }),
  shell: flag().default(false).describe('Runs `command` as shell text (`sh -c`).'),
  processes: wholeNumber(1, 1000).default(1).describe('How many are started, watched and started again when they end.'),
  env: environment,
  ports: textLike(isPortRange, 'must be a range of ports from 1 to 65535, such as 9100-9199')
    .nullable()
    .default(null)
    .meta({
      description: 'Ports the processes are given, the first free one each. `null` = 9100-9199.',
      examples: ['9100-9199'],
    }),
  gpus: listOf(wholeNumber(0, 1023))
    .default([])
    .meta({
      description: 'One for each process in order, through `CUDA_VISIBLE_DEVICES`. Empty = every process sees all.',
      examples: [[0, 1]],
    }),
  takeover_seconds: wholeNumber(1, 3600, 'seconds')
    .default(10)
    .describe(
      'How long the processes go on when the gateway is restarted or crashes; a gateway that comes within this time takes them over, and no model is loaded again. `keyporter stop` ends them at once.',
    ),
};

function isPortRange(value: string): boolean {
  const [from = 0, to = 0] = /^\d{1,5}-\d{1,5}$/.test(value) ? value.split('-').map(Number) : [];
  return from >= 1 && from <= to && to <= 65_535;
}
