/**
 * JSON as programs read it, with `--json` and over HTTP: the one place that decides how money and large
 * numbers are written. Times, ids and codes are text already.
 */
import { formatUnits, type Asset } from './money.ts'

/**
 * What bears an asset and `units` is an amount of money, whatever else it bears: its decimals are written
 * before its units, both as text, because neither survives as a JSON number. Any other bigint is text too;
 * counts are handed in as numbers.
 */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, each: unknown) => encoded(each), indent)

function encoded(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (!isMoney(value)) return value
  const { asset, units } = value
  const written: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(value)) {
    if (name === 'units') written['amount'] = formatUnits(units, asset)
    written[name] = name === 'units' ? units.toString() : each
  }
  return written
}

const isMoney = (value: unknown): value is { asset: Asset; units: bigint } =>
  typeof value === 'object' &&
  value !== null &&
  'asset' in value &&
  'units' in value &&
  typeof value.units === 'bigint'
