// The look of the console: one accent, quiet surfaces, and numbers that line up.
import { createTheme, type MantineColorsTuple } from '@mantine/core';

const teal: MantineColorsTuple = [
  '#eefbf8',
  '#d9f2ec',
  '#b0e3d8',
  '#84d3c3',
  '#5fc6b1',
  '#47bea5',
  '#2f9f88',
  '#0f766e',
  '#0b655e',
  '#03544d',
];

/** Mantine's, with its middle dark enough for white text on it. */
const red: MantineColorsTuple = [
  '#fff5f5',
  '#ffe3e3',
  '#ffc9c9',
  '#ffa8a8',
  '#ff8787',
  '#ff6b6b',
  '#d6312f',
  '#c92a2a',
  '#b42323',
  '#a61e1e',
];

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: 7,
  colors: { brand: teal, red },
  defaultRadius: 'md',
  fontFamily:
    "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  headings: { fontWeight: '650' },
  respectReducedMotion: true,
  autoContrast: true,
  cursorType: 'pointer',
  // by name alone: `Menu.extend` and its like would bring their components along to every page
  components: {
    // its own place for the focus is none that a menu may hold; the first item is
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Badge: { defaultProps: { tt: 'none', fw: 600 } },
    // a narrow screen has no room to give away around a dialog
    Modal: { defaultProps: { xOffset: '3vw', yOffset: '3dvh' } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Button: { defaultProps: { size: 'sm' } },
    Paper: { defaultProps: { radius: 'lg', p: 'lg', withBorder: true } },
    Table: { defaultProps: { verticalSpacing: 'sm', highlightOnHover: true } },
  },
});
