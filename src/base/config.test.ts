/** Settings: what is wrong is told all at once, by name, with what would be right. */
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

test('an empty environment is an embedded database and the sandbox', () => {
  expect(readConfig({})).toMatchObject({
    DATABASE_URL: 'sqlite:data/repasse.db',
    STARKBANK_ENVIRONMENT: 'sandbox',
    STARKBANK_POLL_SECONDS: 300,
    TRANSFER_FEE: 0n,
  })
})

test('every fault is told at once, with its variable and its value', () => {
  const read = () => readConfig({ LISTEN: 'nowhere', TRANSFER_FEE: '1,50', STARKBANK_ENVIRONMENT: 'staging', STARKBANK_PROJECT: '1' })
  expect(read).toThrow(/3|4 faults/)
  for (const part of [
    'LISTEN is "nowhere"',
    'TRANSFER_FEE is "1,50"',
    'STARKBANK_ENVIRONMENT is "staging"',
    'did you mean STARKBANK_PROJECT_ID?',
  ])
    expect(read).toThrow(part)
})

test('production refuses a simulated bank and storms', () => {
  expect(() => readConfig({ STARKBANK_ENVIRONMENT: 'production', STARKBANK_API_URL: 'http://127.0.0.1:1', CRASH_AT: '*:1' })).toThrow(
    /refused in production[^]*refused in production/,
  )
  expect(() => readConfig({ STARKBANK_ENVIRONMENT: 'production', CLOCK: '30x since 2026-11-21T00:00:00Z' })).toThrow('CLOCK is for storms')
})

test('production wants https, for what the bank sends is not for everybody’s eyes', () => {
  const production = (PUBLIC_URL: string) => readConfig({ STARKBANK_ENVIRONMENT: 'production', PUBLIC_URL })
  for (const url of ['http://pay.example.com', 'HTTP://pay.example.com']) expect(() => production(url)).toThrow(`PUBLIC_URL is "${url}"`)
  expect(production('https://pay.example.com').PUBLIC_URL).toBe('https://pay.example.com')
  expect(readConfig({ PUBLIC_URL: 'http://127.0.0.1:8080' }).PUBLIC_URL).toBe('http://127.0.0.1:8080')
})

test.each([
  ['LOG_LEVEL', 'loud', 'expected one of info, debug, warn, error, silent'],
  ['STARKBANK_ENVIRONMENT', 'staging', 'expected one of sandbox, production'],
  ['TRANSFER_FEE_BY', 'bank', 'expected one of receiver, house'],
  ['STARKBANK_POLL_SECONDS', 'often', 'expected a whole number of seconds from 1 to 86400'],
  ['STARKBANK_POLL_SECONDS', '0', 'expected a whole number of seconds from 1 to 86400'],
  ['STARKBANK_POLL_SECONDS', '1.5', 'expected a whole number of seconds from 1 to 86400'],
])('%s "%s" is refused in words of ours', (name, value, right) => {
  expect(() => readConfig({ [name]: value })).toThrow(`${name} is "${value}": ${right}`)
})

test('a clock of a storm says how fast it runs and since when', () => {
  expect(readConfig({ CLOCK: '30x since 2026-11-21T00:00:00Z' }).CLOCK).toEqual({ speed: 30, since: Date.UTC(2026, 10, 21) })
  expect(readConfig({ CLOCK: '5x since 2026-11-21T00:00:00Z, skips in a file' }).CLOCK).toMatchObject({ speed: 5, skips: 'a file' })
  for (const CLOCK of ['30', '0x since 2026-11-21T00:00:00Z', '30x since yesterday'])
    expect(() => readConfig({ CLOCK })).toThrow('CLOCK is')
})

test('a password in a database address is not shown', () => {
  const read = () => readConfig({ DATABASE_URL: 'mysql://user:secret@host/db' })
  expect(read).toThrow('mysql://user:…@host/db')
  expect(read).not.toThrow('secret')
})
