import { Refusal } from '../core/errors.js';
import { FormUpload } from '../http/form-upload.js';
import { boundaryOf } from '../http/multipart.js';
import { boundForm, formModelEdit } from '../http/read-form.js';
import { createFieldBounds } from './field-check.js';
import { need } from './exchange.js';
import type { Parts } from './parts.js';
import { createChooseModel } from './step-model.js';
import type { Step } from './steps.js';

/**
 * Which model does a form ask for? Reads until its part `model` is known, or to the end when that comes
 * last. Refuses with 400, 408, 413 or 415.
 */
export function createReadParts(parts: Parts): Step {
  return async (exchange) => {
    const { contentType, contentEncoding, contentLength } = exchange.request;
    const boundary = boundaryOf(contentType);
    if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity')
      throw new Refusal('unsupported_media_type');
    const bounds = { maxBytes: parts.settings().maxBodyBytes, contentLength };
    const upload = new FormUpload(boundary, (take) => exchange.source.streamBody(bounds, take));
    exchange.upload = upload;
    await upload.known();
    exchange.bodyRead = upload.isWhole;
    exchange.head = upload.form.head;
  };
}

/**
 * May this caller use the model the form names? Adds the model and the beginning of what is sent; only
 * bytes that must change do. Refuses with 404, and with 400 what may not be sent.
 */
export function createAuthorizeParts(parts: Parts): Step {
  const chooseModel = createChooseModel(parts);
  const boundsFor = createFieldBounds();
  return (exchange) => {
    const model = chooseModel(exchange);
    const head = need(exchange.head, 'head');
    const upload = need(exchange.upload ?? null, 'upload');
    const bounds = boundsFor(model);
    const dataOnly = model.mediaUrls === 'data_only';
    const edits = boundForm(upload.form.fields, bounds, dataOnly);
    if ((head.stated === undefined ? head.model : head.stated) !== model.upstreamName)
      edits.push(formModelEdit(head, boundaryOf(exchange.request.contentType), model.upstreamName));
    upload.judgeLate = (part) => {
      if (boundForm([part], bounds, dataOnly).length === 0) return;
      throw new Refusal('invalid_value', {
        message: `"${part.name.slice(0, 64)}" is too large. Send it before the part "model", and it is bounded instead.`,
        param: part.name.slice(0, 64),
      });
    };
    exchange.body = upload.begin(edits);
    if (upload.isWhole) return;
    exchange.holds.push(() => {
      exchange.bodyRead = true;
      upload.discard();
    });
  };
}
