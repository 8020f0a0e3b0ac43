// The look of the console: one accent, quiet surfaces, and numbers that line up.
import { Button, createTheme, type MantineColorsTuple, Paper, Table } from '@mantine/core';

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

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 7, dark: 7 },
  colors: { brand: teal },
  defaultRadius: 'md',
  fontFamily:
    "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  headings: { fontWeight: '650' },
  respectReducedMotion: true,
  autoContrast: true,
  cursorType: 'pointer',
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Paper: Paper.extend({ defaultProps: { radius: 'lg', p: 'lg', withBorder: true } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', highlightOnHover: true } }),
  },
});
