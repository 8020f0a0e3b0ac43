// A chart of stacked columns, one a day. What it draws is for the eye; its words and its table are for everybody.
import '@mantine/charts/styles.layer.css';
import { BarChart } from '@mantine/charts';
import { Group, Stack, Text } from '@mantine/core';
import { longDay, shortDay } from '../../parts/days.ts';
import classes from './palette.module.css';
import type { Column, Stacks } from './stacks.ts';

/** From so many columns on they are narrow, and so are the gaps between their parts. */
const MANY_DAYS = 45;

export interface DayChartProps {
  readonly stacks: Stacks;
  /** The marks of the axis: where they stand, and what they say. */
  readonly axis: readonly (readonly [number, string])[];
  /** What the chart shows, in a sentence. */
  readonly says: string;
}

export function DayChart({ stacks, axis, says }: DayChartProps) {
  const { series, columns } = stacks;
  const marks = new Map(axis);
  const byDay = new Map(columns.map((column) => [column.day, column]));
  return (
    <div role="img" aria-label={says}>
      <BarChart
        h={280}
        data={columns.map(({ day, heights }) => ({ day, ...heights }))}
        dataKey="day"
        type="stacked"
        series={series.map(({ key, name, color }) => ({ name: key, label: name, color }))}
        accessibilityLayer={false}
        tickLine="none"
        maxBarWidth={38}
        barProps={{
          stroke: 'var(--series-edge)',
          strokeWidth: columns.length > MANY_DAYS ? 0.5 : 1,
          isAnimationActive: false,
        }}
        xAxisProps={{ tickFormatter: (day: string) => shortDay(day), minTickGap: 24 }}
        yAxisProps={{
          ticks: [...marks.keys()],
          domain: [0, Math.max(...marks.keys())],
          tickFormatter: (at: number) => marks.get(at) ?? '',
          width: 72,
        }}
        tooltipProps={{
          content: ({ active, label }) => {
            const column = active ? byDay.get(String(label)) : undefined;
            return column === undefined ? null : <DayTip column={column} stacks={stacks} />;
          },
        }}
      />
    </div>
  );
}

/** What a day says when the pointer rests on it. */
function DayTip({ column, stacks }: { readonly column: Column; readonly stacks: Stacks }) {
  return (
    <div className={classes['tooltip']}>
      <Group justify="space-between" gap="lg" mb={4}>
        <Text size="sm" fw={600}>
          {longDay(column.day)}
        </Text>
        <Text size="sm" fw={600} className="money">
          {column.total}
        </Text>
      </Group>
      <Stack gap={2}>
        {stacks.series.map(({ key, name, color }) => {
          const says = column.labels.get(key);
          if (says === undefined) return null;
          return (
            <Group key={key} gap="xs" wrap="nowrap" justify="space-between">
              <Group gap={6} wrap="nowrap" style={{ minWidth: 0 }}>
                <span className={classes['swatch']} style={{ background: color }} />
                <Text size="xs" truncate>
                  {name}
                </Text>
              </Group>
              <Text size="xs" className="money">
                {says}
              </Text>
            </Group>
          );
        })}
      </Stack>
    </div>
  );
}
