import type { ReactNode } from 'react';

/** All icons are decoration: the words beside them, or the label of their button, say the same. */
function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="kp-icon"
      viewBox="0 0 24 24"
      width="18"
      height="18"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

const paths = (d: string) => () => (
  <Icon>
    <path d={d} />
  </Icon>
);

export const CopyIcon = paths('M9 9h10v11H9zM5 15V4h10');
export const CheckIcon = paths('M5 12.5l4.5 4.5L19 7');
export const SunIcon = paths(
  'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4L19 5',
);
export const MoonIcon = paths('M20 14.5A8 8 0 119.5 4 6.5 6.5 0 0020 14.5z');
export const AutoIcon = paths('M12 3a9 9 0 100 18V3zm0 0a9 9 0 010 18');
export const SearchIcon = paths('M11 4a7 7 0 100 14 7 7 0 000-14zm5 12l5 5');
export const GaugeIcon = paths('M4 18a9 9 0 1116 0M12 14l4-5');
export const KeyIcon = paths('M8 10a4 4 0 100 8 4 4 0 000-8zm3 1l9-8m-4 3.6L19 10');
export const StreamIcon = paths('M3 8c3-3 6 3 9 0s6 3 9 0M3 15c3-3 6 3 9 0s6 3 9 0');
export const ChartIcon = paths('M4 20V4m0 16h16M8 16v-4m4 4V8m4 8v-6');
export const ListIcon = paths('M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01');
export const ServerIcon = paths('M4 4h16v7H4zM4 13h16v7H4zM8 7.5h.01M8 16.5h.01');
export const ShieldIcon = paths('M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4');
export const PlayIcon = paths('M7 5l12 7-12 7z');
export const GearIcon = paths('M4 7h10m4 0h2M4 17h2m4 0h10M16 5v4M8 15v4');
export const AlertIcon = paths('M12 4l9 16H3zM12 10v4m0 3h.01');
export const OutIcon = paths('M14 4H5v16h9m-4-8h11m-4-4l4 4-4 4');
export const DotsIcon = paths('M12 6h.01M12 12h.01M12 18h.01');
export const PlusIcon = paths('M12 5v14M5 12h14');
