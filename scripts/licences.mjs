import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The licence texts of every package that is part of the bundle, as their licences ask for.
 * @param {string} root folder with node_modules/
 * @param {string[]} inputs the files that went into the bundle, from `root`
 */
export async function licencesOf(root, inputs) {
  const folders = inputs
    .map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((folder) => folder !== undefined);
  const texts = await Promise.all(
    [...new Set(folders)].sort((a, b) => a.localeCompare(b)).map((folder) => licenceOf(join(root, folder))),
  );
  return `The bundle contains the packages below.\n\n${texts.join('\n')}`;
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(join(folder, file), 'utf8') : '';
  return `==== ${name} ${version} (${license})\n\n${text.trim()}\n`;
}
