/** Errors are read, never repeated. */
import { describe, expect, test } from 'vitest'
import { faultOf, retryAfterMs } from './faults.ts'

const now = Date.parse('2026-11-21T03:00:00Z')
const secret = 'MEQCIBbkwPRi-SECRET-012.345.678-90'

describe('what an error gives away', () => {
  const axiosError = (more: object) =>
    Object.assign(new Error(`Request failed ${secret}`), {
      name: 'AxiosError',
      config: {
        headers: { 'Access-Id': secret, 'Access-signature': secret },
        data: secret,
        url: `https://x/${secret}`,
      },
      request: { headers: secret },
      stack: secret,
      ...more,
    })

  test('nothing of the headers, the body, the message or the answer of an axios error [security 14]', () => {
    const faults = [
      axiosError({ response: { status: 502, data: secret, headers: { 'x-secret': secret } } }),
      axiosError({ response: { status: 429, data: secret, headers: { 'retry-after': secret } } }),
      axiosError({ response: { status: 403, data: { errors: [{ code: secret }] } } }),
      axiosError({ code: 'ECONNRESET' }),
      axiosError({ code: secret }),
      axiosError({ code: 'ENOTFOUND', cause: new Error(secret) }),
      new TypeError(`errors is not iterable ${secret}`),
      Object.assign(new Error(secret), { status: 500 }),
      secret,
      { toString: () => secret },
      null,
      undefined,
    ].map(error => faultOf(error, now))
    for (const fault of faults) {
      expect(JSON.stringify(fault)).not.toMatch(/SECRET|MEQ|012/)
      expect(JSON.stringify(fault).length).toBeLessThan(200)
    }
    expect(faults.map(({ is }) => is)).toEqual([
      'unsure',
      'refused',
      'refused',
      'unsure',
      'unsure',
      'refused',
      'unsure',
      'unsure',
      'unsure',
      'unsure',
      'unsure',
      'unsure',
    ])
  })

  test('what the bank itself says is kept, but for what is long or personal [security 14]', () => {
    const errors = [
      {
        code: 'invalidTaxId',
        message:
          'taxId 012.345.678-90 of ana@example.com, key MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEQA is wrong\n  there',
      },
      'invalidbalance',
      { code: 5, message: {} },
      null,
    ]
    expect(faultOf({ status: 400, errors }, now)).toEqual({
      is: 'refused',
      again: false,
      why: 'invalidTaxId: taxId … of … key … is wrong there; error: invalidbalance; error',
    })
  })

  test('a hundred errors are told in one short line', () => {
    const errors = Array.from({ length: 100 }, (_, at) => ({
      code: 'invalidAmount',
      message: `${'long '.repeat(60)}${at}`,
    }))
    const fault = faultOf(
      { status: 400, errors: errors.map((error, at) => ({ ...error, message: `${at} ${error.message}` })) },
      now,
    )
    expect(fault.is === 'refused' && fault.why.length).toBeLessThanOrEqual(500)
  })
})

describe('Retry-After', () => {
  for (const [value, ms] of [
    ['0', 0],
    ['120', 120_000],
    ['Sat, 21 Nov 2026 03:00:10 GMT', 10_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    [-1, undefined],
  ] as const)
    test(`${String(value)} is ${ms} ms`, () => {
      expect(retryAfterMs({ 'retry-after': value }, now)).toBe(ms)
    })
})
