// The one clock: whatever decides money takes its time from here and passes it to SQL as a parameter.

/** Tells the time. Tests move it; production reads the machine's. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();
