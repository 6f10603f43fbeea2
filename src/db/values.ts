/**
 * What is stored and asked for, made the same for both engines: what one takes the other takes, and keeps
 * alike.
 */
import { BadInput } from '../base/answer.ts'
import { storable } from '../base/text.ts'
import type { PlainValue } from './sql.ts'

const least = -(2n ** 63n)
const most = 2n ** 63n - 1n

/**
 * A statement's values as both engines keep them. People's text with a NUL is refused where it comes in; what
 * a program or a provider says here, or cuts off in the middle of a character, must not end the transaction
 * that tells of it. Throws `BadInput` at a number beyond 64 bits.
 */
export const valuesOf = ({ values }: { values: readonly PlainValue[] }): readonly PlainValue[] =>
  values.every(isPlain) ? values : values.map(plain)

const isPlain = (value: PlainValue): boolean =>
  value === null || value instanceof Uint8Array || plain(value) === value

function plain(value: PlainValue): PlainValue {
  if (typeof value === 'string') return storable(value)
  if (typeof value === 'bigint' && (value < least || value > most))
    throw new BadInput(`${value} is too large: a number has at most 64 bits`)
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new BadInput(`${value} is not a number that can be stored`)
  return value
}
