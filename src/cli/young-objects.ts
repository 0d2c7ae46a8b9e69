import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from making the objects of requests in the part of its memory that is meant for what stays.
 * It does so after many of them outlived a short collection, which objects of requests that wait for a
 * model always do; from then on those of every short request go there too, and hold on to all they point
 * at until the next full collection. Measured: 70 of 120 microseconds a request, and pauses of 30 ms.
 */
export function keepRequestsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
