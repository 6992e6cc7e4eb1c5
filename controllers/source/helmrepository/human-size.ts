const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `30.88kB`: decimal units with at most four digits, as Docker's library prints them, which Flux uses. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit] ?? ''}`;
}
