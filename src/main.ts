#!/usr/bin/env node
import { processIo } from './cli/io.js';
import { runCli } from './cli/run.js';
import { VERSION } from './gateway/version.js';

process.exitCode = await runCli(process.argv.slice(2), processIo(process.env, VERSION));
