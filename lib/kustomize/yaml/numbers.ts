/** Go's `strconv.FormatFloat(x, 'g', -1, 64)`, as yaml.v2 prints floats: e-form below 1e-4 and from 1e6 on. */
export function formatGoFloat(x: number): string {
  const [mantissa = '', exponentText = '0'] = Math.abs(x).toExponential().split('e');
  const sign = x < 0 || Object.is(x, -0) ? '-' : '';
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 21 || (exponent >= 6 && !Number.isInteger(x)) || exponent >= 6) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  // Between 1e-4 and 1e6 JavaScript writes the same positional digits.
  return sign + String(Math.abs(x));
}

/**
 * A float as the output has it. It passes through JSON, so an integral one is read back as an integer when 64 bits
 * hold it.
 */
export function formatThroughJson(x: number): string {
  if (Number.isInteger(x) && x >= -(2 ** 63) && x < 2 ** 64) return BigInt(x).toString();
  return formatGoFloat(x);
}
