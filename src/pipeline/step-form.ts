import { Refusal } from '../core/errors.js';
import { edited } from '../http/edit.js';
import { boundaryOf, PartReader } from '../http/multipart.js';
import { boundForm, formModelEdit, FormReading } from '../http/read-form.js';
import { createFieldBounds } from './field-check.js';
import { need } from './exchange.js';
import type { Parts } from './parts.js';
import { createChooseModel } from './step-model.js';
import type { Step } from './steps.js';

/**
 * Which model does a form ask for? Adds the body and what its parts say. The form is read whole before
 * anything is decided or sent. Refuses with 400, 408, 413 or 415.
 */
export function createReadParts(parts: Parts): Step {
  return async (exchange) => {
    const { contentType, contentEncoding, contentLength } = exchange.request;
    const boundary = boundaryOf(contentType);
    if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') throw new Refusal('unsupported_media_type');
    const body = await exchange.source.readBody({ maxBytes: parts.settings().maxBodyBytes, contentLength });
    exchange.bodyRead = true;
    const form = new FormReading();
    const reader = new PartReader(boundary, (part) => form.take(part));
    reader.push(body);
    reader.end();
    exchange.body = body;
    exchange.head = form.head;
    exchange.form = form.fields;
  };
}

/** May this caller use the model the form names? Adds the model; only bytes that must change do. Refuses with 404. */
export function createAuthorizeParts(parts: Parts): Step {
  const chooseModel = createChooseModel(parts);
  const boundsFor = createFieldBounds();
  return (exchange) => {
    const model = chooseModel(exchange);
    const head = need(exchange.head, 'head');
    const edits = boundForm(exchange.form ?? [], boundsFor(model), model.mediaUrls === 'data_only');
    if (head.model !== model.upstreamName) edits.push(formModelEdit(head, boundaryOf(exchange.request.contentType), model.upstreamName));
    exchange.body = edited(need(exchange.body, 'body'), edits);
  };
}
