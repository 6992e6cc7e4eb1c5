import {
  bool,
  bytes,
  double,
  duration,
  dyn,
  int,
  list,
  map,
  nullType,
  optional,
  parameter,
  string,
  timestamp,
  type Type,
  typeOf,
  uint,
} from './type.ts';

export interface Overload {
  /** Called as `target.f()`; the target is the first parameter. */
  readonly isMember: boolean;
  readonly parameters: readonly Type[];
  readonly result: Type;
}

const A = parameter('A');
const K = parameter('K');
const V = parameter('V');

/** The type of types whose parameter nobody names. */
const anyType: Type = { kind: 'generic', name: 'type', parameters: [] };

const global = (result: Type, ...parameters: Type[]): Overload => ({ isMember: false, parameters, result });
const member = (result: Type, ...parameters: Type[]): Overload => ({ isMember: true, parameters, result });
const conversions = (result: Type, ...from: Type[]): readonly Overload[] => from.map((type) => global(result, type));

const numbers = [int, uint, double];
const arithmetic = numbers.map((type) => global(type, type, type));
const integers = [int, uint].map((type) => global(type, type, type));
const ordered = [bool, int, uint, double, string, bytes, timestamp, duration].map((type) => global(bool, type, type));
const crossTypeOrder = numbers.flatMap((a) => numbers.filter((b) => b !== a).map((b) => global(bool, a, b)));
const order = [...ordered, ...crossTypeOrder];
const timePart = [member(int, timestamp), member(int, timestamp, string)];
const timeOrSpanPart = [...timePart, member(int, duration)];
const sized = [string, bytes, list(A), map(K, V)];

/** Functions and operators with their overloads, in the order in which they are tried. */
export const functions: ReadonlyMap<string, readonly Overload[]> = new Map<string, readonly Overload[]>([
  ['_?_:_', [global(A, bool, A, A)]],
  ['_&&_', [global(bool, bool, bool)]],
  ['_||_', [global(bool, bool, bool)]],
  ['!_', [global(bool, bool)]],
  ['@not_strictly_false', [global(bool, bool)]],
  ['_==_', [global(bool, A, A)]],
  ['_!=_', [global(bool, A, A)]],
  ['_<_', order],
  ['_<=_', order],
  ['_>_', order],
  ['_>=_', order],
  [
    '_+_',
    [
      global(bytes, bytes, bytes),
      global(double, double, double),
      global(duration, duration, duration),
      global(timestamp, duration, timestamp),
      global(timestamp, timestamp, duration),
      global(int, int, int),
      global(list(A), list(A), list(A)),
      global(string, string, string),
      global(uint, uint, uint),
    ],
  ],
  [
    '_-_',
    [
      ...arithmetic,
      global(duration, duration, duration),
      global(timestamp, timestamp, duration),
      global(duration, timestamp, timestamp),
    ],
  ],
  ['_*_', arithmetic],
  ['_/_', arithmetic],
  ['_%_', integers],
  ['-_', [global(int, int), global(double, double)]],
  ['@in', [global(bool, A, list(A)), global(bool, A, map(A, V))]],
  [
    '_[_]',
    [
      global(A, list(A), int),
      global(V, map(K, V), K),
      global(optional(V), optional(map(K, V)), K),
      global(optional(A), optional(list(A)), int),
    ],
  ],
  [
    '_[?_]',
    [
      global(optional(A), list(A), int),
      global(optional(A), optional(list(A)), int),
      global(optional(V), map(K, V), K),
      global(optional(V), optional(map(K, V)), K),
    ],
  ],
  ['size', sized.flatMap((type) => [global(int, type), member(int, type)])],
  ['type', [global(typeOf(A), A)]],
  ['dyn', [global(dyn, A)]],
  ['bool', conversions(bool, bool, string)],
  ['bytes', conversions(bytes, bytes, string)],
  ['double', conversions(double, double, int, string, uint)],
  ['duration', conversions(duration, duration, int, string)],
  ['int', conversions(int, int, double, duration, string, timestamp, uint)],
  ['string', conversions(string, string, bool, bytes, double, duration, int, timestamp, uint)],
  ['timestamp', conversions(timestamp, timestamp, int, string)],
  ['uint', conversions(uint, uint, double, int, string)],
  ['contains', [member(bool, string, string)]],
  ['endsWith', [member(bool, string, string)]],
  ['startsWith', [member(bool, string, string)]],
  ['matches', [global(bool, string, string), member(bool, string, string)]],
  ['getFullYear', timePart],
  ['getMonth', timePart],
  ['getDayOfYear', timePart],
  ['getDayOfMonth', timePart],
  ['getDate', timePart],
  ['getDayOfWeek', timePart],
  ['getHours', timeOrSpanPart],
  ['getMinutes', timeOrSpanPart],
  ['getSeconds', timeOrSpanPart],
  ['getMilliseconds', timeOrSpanPart],
  // Extension strings.
  ['charAt', [member(string, string, int)]],
  ['indexOf', [member(int, string, string), member(int, string, string, int)]],
  ['lastIndexOf', [member(int, string, string), member(int, string, string, int)]],
  ['lowerAscii', [member(string, string)]],
  ['upperAscii', [member(string, string)]],
  ['replace', [member(string, string, string, string), member(string, string, string, string, int)]],
  ['split', [member(list(string), string, string), member(list(string), string, string, int)]],
  ['substring', [member(string, string, int), member(string, string, int, int)]],
  ['trim', [member(string, string)]],
  ['reverse', [member(string, string)]],
  ['join', [member(string, list(string)), member(string, list(string), string)]],
  ['format', [member(string, string, list(dyn))]],
  ['strings.quote', [global(string, string)]],
  // Extensions sets and encoders.
  ['sets.contains', [global(bool, list(A), list(A))]],
  ['sets.equivalent', [global(bool, list(A), list(A))]],
  ['sets.intersects', [global(bool, list(A), list(A))]],
  ['base64.encode', [global(string, bytes)]],
  ['base64.decode', [global(bytes, string)]],
  // Optional types.
  ['optional.of', [global(optional(V), V)]],
  ['optional.ofNonZeroValue', [global(optional(V), V)]],
  ['optional.none', [global(optional(V))]],
  ['optional.unwrap', [global(list(V), list(optional(V)))]],
  ['unwrapOpt', [member(list(V), list(optional(V)))]],
  ['hasValue', [member(bool, optional(V))]],
  ['value', [member(V, optional(V))]],
  ['or', [member(optional(V), optional(V), optional(V))]],
  ['orValue', [member(V, optional(V), V)]],
  ['first', [member(optional(V), list(V))]],
  ['last', [member(optional(V), list(V))]],
]);

/** Types that can be named in an expression, as in `type(x) == int`. */
export const typeNames: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['bool', bool],
  ['bytes', bytes],
  ['double', double],
  ['int', int],
  ['list', list(dyn)],
  ['map', map(dyn, dyn)],
  ['null_type', nullType],
  ['optional_type', { kind: 'generic', name: 'optional_type', parameters: [] }],
  ['string', string],
  ['type', anyType],
  ['uint', uint],
  ['google.protobuf.Timestamp', timestamp],
  ['google.protobuf.Duration', duration],
]);
