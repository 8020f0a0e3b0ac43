// How long the worker's loops wait: as set while all is well, longer during an outage.
import { expect, test } from '@jest/globals';
import { pauseMs } from '../worker/pause.ts';

test('each failure in a row doubles the pause, up to two seconds, and a success ends that', () => {
  expect([0, 1, 2, 3, 4, 5, 50, 5_000].map((failures) => pauseMs(200, failures))).toEqual([
    200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000,
  ]);
});

test('an interval that is longer by itself stays', () => {
  expect([0, 1, 9].map((failures) => pauseMs(60_000, failures))).toEqual([60_000, 60_000, 60_000]);
});
