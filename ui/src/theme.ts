import { createTheme } from '@mantine/core';

/** Looks and usual behaviour of all parts. Read by the build too, which makes a stylesheet of its variables. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: 7,
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // The lock writes a <style>, which the content security policy forbids.
    Modal: { defaultProps: { lockScroll: false, centered: true, overlayProps: { backgroundOpacity: 0.5 } } },
  },
});
