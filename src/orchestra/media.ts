import { Refusal } from '../core/errors.js';

const DATA_URL = /^data:[\w.+-]+\/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,/i;
const URL_FORM = /^https?:\/\//i;

/**
 * Refuses media that the worker would have to fetch itself: a path would read its files, a URL would
 * reach its network. What is allowed is listed; everything else is refused.
 */
export function refuseForeignMedia({ images, audio }: Readonly<Record<string, unknown>>, urlsAllowed: boolean): void {
  for (const image of listed(images)) refuseUnlessSent(image, 'images', urlsAllowed);
  for (const sound of listed(audio)) refuseUnlessSent(sound, 'audio', urlsAllowed);
}

function listed(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function refuseUnlessSent(medium: unknown, member: string, urlsAllowed: boolean): void {
  if (typeof medium === 'string') {
    if (!isAllowedText(medium, urlsAllowed)) throw refused(member);
    return;
  }
  if (typeof medium !== 'object' || medium === null) throw refused(member);
  const { path, url, data } = medium as Record<string, unknown>;
  if (path !== undefined && path !== null) throw refused(member);
  if (url !== undefined && url !== null && (typeof url !== 'string' || !isAllowedText(url, urlsAllowed)))
    throw refused(member);
  if (typeof data !== 'string' && typeof url !== 'string') throw refused(member);
}

function isAllowedText(text: string, urlsAllowed: boolean): boolean {
  return DATA_URL.test(text) || (urlsAllowed && URL_FORM.test(text));
}

function refused(member: string): Refusal {
  return new Refusal('invalid_value', {
    message: `\`${member}\` must carry its data: send a data: URL, or an object with base64 \`data\`. Paths and URLs are not opened here.`,
    param: member,
  });
}
