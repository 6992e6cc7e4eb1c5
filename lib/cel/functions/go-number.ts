/** A double as Go's `%g` prints it: `1e+20`, `1.234567e+06`, `NaN`, `+Inf`. */
export function goDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return plainDouble(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** A finite double without exponent. */
export function plainDouble(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  if (!text.includes('e')) return text;
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  const sign = value < 0 ? '-' : '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.slice(0, point).padEnd(point, '0') + (digits.length > point ? `.${digits.slice(point)}` : '');
}

const exactDigits = 100;

/** `toFixed` takes ties away from zero, Go takes them to the even digit. */
function halfToEven(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  const beyond = value.toFixed(exactDigits).slice(digits - exactDigits);
  const isOdd = /[13579]$/.test(rounded);
  if (digits >= exactDigits || !isOdd || !/^50*$/.test(beyond)) return rounded;
  return (value - Math.sign(value) * 10 ** -(digits + 1)).toFixed(digits);
}

/** A double as Go's `%f` (or `%e`) prints it with so many digits after the point. */
export function fixedDouble(value: number, digits: number): string {
  if (Math.abs(value) < 1e21) return halfToEven(value, digits);
  return `${plainDouble(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
}

export function exponentDouble(value: number, digits: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential(digits).split('e');
  const power = Number(exponent);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
