import type { Command } from 'commander';
import { type Bind, examples } from './bind.js';

/** Coming from another system. */
export function addImportCommand(program: Command, bind: Bind): void {
  program
    .command('import')
    .summary('take over configurations and keys of other systems')
    .description(
      'Reads files of other systems and says for every field what became of it. Clients keep their keys; the files stay as they are. Known are: config.ini and authwall.db of Llama-Server-AuthKeys, api_keys.json of Orchestra, SkyServe YAML, run.yaml and config.yaml of Llama Stack, the configuration and key table of LiteLLM, llama-swap, key files of llama.cpp and vLLM.',
    )
    .argument('<files...>', 'files of one system or of several')
    .option('--dry-run', 'only say what would be done')
    .option('--out <file>', 'write the configuration to this new file instead of standard output')
    .option('--root-token', 'take the root token of an authkeys configuration as an administrator of tokens')
    .addHelpText(
      'after',
      examples(
        'keyporter import config.ini authwall.db --dry-run',
        'keyporter import api_keys.json --data-dir ./data',
        'keyporter import auth.yaml --out keyporter.yaml',
      ),
    )
    .action(bind(() => import('./commands/import.js')));
}
