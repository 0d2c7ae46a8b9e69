import { Loader, Skeleton } from '@mantine/core';

/** Holds the place of what is being read. `what` is said to screen readers: "The overview is being read". */
export function Waiting({ what, height }: { what: string; height: number }) {
  return (
    <div role="status" aria-label={what}>
      <Skeleton height={height} />
    </div>
  );
}

/** Turns while something is under way whose size is not known. */
export function Turning({ what, className }: { what: string; className?: string }) {
  return (
    <div role="status" aria-label={what} className={className}>
      <Loader />
    </div>
  );
}
