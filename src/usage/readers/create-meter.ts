import type { Meter, MeterSettings } from '../meter.js';
import { BodyMeter } from './body-meter.js';
import { EventMeter } from './event-meter.js';
import { LineMeter } from './line-meter.js';
import type { Shape } from './shape.js';
import { ANTHROPIC, LLAMA_CPP, OLLAMA, OPENAI, OTHER, RESPONSES } from './shapes.js';
import { SizeMeter } from './size-meter.js';

const SHAPES: Readonly<Record<MeterSettings['words'], Shape>> = {
  openai: OPENAI,
  responses: RESPONSES,
  anthropic: ANTHROPIC,
  ollama: OLLAMA,
  'llama.cpp': LLAMA_CPP,
  websocket: OTHER,
  own: OTHER,
};

/** What has no text in it, whatever was asked for. */
const MEDIA = /^(audio|image|video)\//;

/** What reads the use of one answer. */
export function createMeter({ words, contentType, stream, hideUsage, countOutput }: MeterSettings): Meter {
  const shape = SHAPES[words];
  const type = contentType.toLowerCase();
  if (stream) return type.startsWith('application/x-ndjson') ? new LineMeter(shape) : new EventMeter(shape, hideUsage);
  if (type.includes('json')) return new BodyMeter(shape, countOutput);
  return new SizeMeter(countOutput && !MEDIA.test(type));
}
