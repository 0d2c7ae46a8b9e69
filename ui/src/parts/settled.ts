import { useEffect, useState } from 'react';
import { after } from '../clock.js';

const PAUSE_MS = 300;

/** A value that is being typed, once the typing pauses: so that the gateway is asked once for a word. Keep `value` the same while nothing changed. */
export function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => (value === settled ? undefined : after(PAUSE_MS, () => setSettled(value))), [value, settled]);
  return settled;
}
