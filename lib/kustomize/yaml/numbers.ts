/** Go's `strconv.FormatFloat(x, 'g', -1, 64)`, as yaml.v2 prints floats: e-form below 1e-4 and from 1e6 on. */
export function formatGoFloat(x: number): string {
  const [mantissa = '', exponentText = '0'] = Math.abs(x).toExponential().split('e');
  const sign = x < 0 || Object.is(x, -0) ? '-' : '';
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  // Between 1e-4 and 1e6 JavaScript writes the same positional digits.
  return sign + String(Math.abs(x));
}

const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/**
 * A float as the output has it. It passes through JSON, where an integral one has its shortest digits filled up with
 * zeros, and is read back as an integer when 64 bits hold that.
 */
export function formatThroughJson(x: number): string {
  if (!Number.isInteger(x) || Math.abs(x) >= 1e21) return formatGoFloat(x);
  const value = BigInt(String(x));
  return value < MIN_INT64 || value > MAX_UINT64 ? formatGoFloat(x) : String(value);
}
