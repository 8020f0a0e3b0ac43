// A chart with its legend, its table and its CSV: the same lines in three forms.

import { Button, Group, SegmentedControl, Skeleton, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { type ReactNode, Suspense, useState } from 'react';
import { lazyPart } from '../../parts/load-part.ts';
import { Section } from '../../parts/Section.tsx';
import type { DayChartProps } from './DayChart.tsx';
import classes from './palette.module.css';

const DayChart = lazyPart(async () => (await import('./DayChart.tsx')).DayChart);

interface ChartSectionProps extends DayChartProps {
  readonly title: string;
  readonly explains: string;
  readonly csv: string;
  readonly table: ReactNode;
  /** That what is shown is of the choice before, while the next one is on its way. */
  readonly isStale: boolean;
}

export function ChartSection({ title, explains, csv, table, isStale, ...chart }: ChartSectionProps) {
  const [form, setForm] = useState('chart');
  return (
    <Section title={title} says={explains}>
      <Group justify="space-between" mb="md" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={`${title} as`}
          value={form}
          onChange={setForm}
          data={[
            { value: 'chart', label: 'Chart' },
            { value: 'table', label: 'Table' },
          ]}
        />
        <CsvLink href={csv} of={title} />
      </Group>
      <div style={{ opacity: isStale ? 0.55 : 1 }} aria-busy={isStale}>
        {form === 'table' ? (
          table
        ) : (
          <>
            <Suspense fallback={<Skeleton height={280} aria-label="Loading" />}>
              <DayChart {...chart} />
            </Suspense>
            <ul className={classes['legend']} aria-label={`${title}: what the colours mean`}>
              {chart.stacks.series.map(({ key, name, color, total }) => (
                <li key={key}>
                  <Group gap={6} wrap="nowrap">
                    <span className={classes['swatch']} style={{ background: color }} />
                    <Text size="sm" maw={180} truncate title={name}>
                      {name}
                    </Text>
                    <Text size="sm" c="dimmed" className="money">
                      {total}
                    </Text>
                  </Group>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Section>
  );
}

/** A file of all the lines of a table, also of those that a page shows as one. */
export function CsvLink({ href, of }: { readonly href: string; readonly of: string }) {
  return (
    <Button
      component="a"
      href={href}
      download
      size="xs"
      variant="default"
      leftSection={<IconDownload size={14} aria-hidden />}
      aria-label={`CSV: ${of}`}
    >
      CSV
    </Button>
  );
}
