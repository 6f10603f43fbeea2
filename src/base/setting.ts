/**
 * The shapes one setting can have: text from the environment in, a value out, or what would have been right.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { typedAmount } from './typedAmount.ts'

/** Nothing set and set to nothing are the same. */
const unset = (value: unknown) => (value === '' ? undefined : value)

export const optional = <T extends z.ZodType>(shape: T) => z.preprocess(unset, shape.optional())
export const withDefault = (text: string) => z.preprocess(unset, z.string().default(text))

/** One of `choices`, the first where nothing is set. */
export const oneOf = <const T extends readonly [string, ...string[]]>(...choices: T) =>
  z.preprocess(
    value => value || choices[0],
    z.enum(choices, { error: `expected one of ${choices.join(', ')}` }),
  )

/** One of `choices`, or nothing. */
export const oneOfOrNone = <const T extends readonly [string, ...string[]]>(...choices: T) =>
  optional(z.enum(choices, { error: `expected one of ${choices.join(', ')}` }))

export const whole = (fallback: number, low: number, high: number, what = 'a whole number') => {
  const error = `expected ${what} from ${low} to ${high}`
  return z.preprocess(
    unset,
    z.coerce.number({ error }).int({ error }).min(low, { error }).max(high, { error }).default(fallback),
  )
}
export const minutes = (fallback: number) => whole(fallback, 1, 1_440, 'a whole number of minutes')
export const seconds = (fallback: number) => whole(fallback, 1, 86_400, 'a whole number of seconds')

/** Text that `parse` reads, or refuses by answering undefined. */
export const parsed = <T>(parse: (text: string) => T | undefined, expected: string) =>
  z.string().transform((text, context): T => {
    const value = parse(text.trim())
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: `expected ${expected}` })
    return z.NEVER
  })
export const parsedOr = <T>(fallback: string, parse: (text: string) => T | undefined, expected: string) =>
  z.preprocess(value => unset(value) ?? fallback, parsed(parse, expected))

export const cents = parsedOr('0.00', text => typedAmount(text, 'BRL'), 'an amount like 2.00')

type Env = Record<string, string | undefined>

/**
 * The environment with each NAME whose NAME_FILE is set taken from that file, its last line break cut off:
 * how containers and service managers hand in what a list of processes must not show. The only place of this
 * folder that reads a file.
 */
export function withFiles(
  given: Env,
  names: readonly string[],
): { env: Env; fromFile: Set<string>; faults: string[] } {
  const env = { ...given }
  const fromFile = new Set<string>()
  const faults: string[] = []
  for (const name of names) {
    const file = given[`${name}_FILE`]
    if (!file || names.includes(`${name}_FILE`)) continue
    if (given[name]) faults.push(`${name} and ${name}_FILE are both set: leave one out`)
    else
      try {
        env[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
        fromFile.add(name)
      } catch (error) {
        faults.push(
          `${name}_FILE names ${fileShown(file)}, which cannot be read (${(error as { code?: string }).code})`,
        )
      }
  }
  return { env, fromFile, faults }
}

/** A file as an error may name it: what stands where a file's name belongs may be the secret itself. */
export const fileShown = (file: string): string =>
  /^[^\n\r]{1,200}$/.test(file) && !/-----|:\/\//.test(file) && !holdsPrivateKey(file)
    ? file
    : 'something that is no file’s name, and not shown'

/** Base58 has no 0, O, I or l; what is only part of a longer word is no key. */
const extendedPrivate = /(?<![A-Za-z0-9])[xtyzuv]prv/i
const walletImport = /(?<![A-Za-z0-9])[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}(?![A-Za-z0-9])/
/** Words a sentence is hardly without, and no list of BIP 39 has. */
const sentence = /(?:^|\s)(?:the|and|for|was|not|his|her|from)(?:\s|$)/

/** 12, 15, 18, 21 or 24 words of three letters or more, and nothing else. */
function isRecovery(text: string): boolean {
  const words = text.trim().split(/\s+/)
  return (
    words.length >= 12 &&
    words.length <= 24 &&
    words.length % 3 === 0 &&
    words.every(word => /^[a-z]{3,}$/.test(word)) &&
    !sentence.test(text)
  )
}

/**
 * True for text with an extended private key (BIP 32, SLIP 132), a key in wallet import format, recovery
 * words (BIP 39), or a secret key of age.
 */
export const holdsPrivateKey = (text: string): boolean =>
  extendedPrivate.test(text) || /AGE-SECRET-KEY-/i.test(text) || walletImport.test(text) || isRecovery(text)
