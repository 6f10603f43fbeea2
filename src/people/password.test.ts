/** Passwords: what is too weak, and that a hash is argon2id of what was typed. */
import { expect, test } from 'vitest'
import { systemRandom } from '../base/clock.ts'
import { hashPassword, isPassword, passwordFault } from './password.ts'
import { commonPasswords } from './commonPasswords.ts'

const world = { random: systemRandom }

test('the hashes of the reference implementation are understood, whatever their cost [security 9]', async () => {
  const kept = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  expect(await isPassword('password', kept)).toBe(true)
  expect(await isPassword('Password', kept)).toBe(false)
})

test('a hash is of one password, and no two are the same', async () => {
  const [one, two] = await Promise.all(
    ['correct mule', 'correct mule'].map(text => hashPassword(text, world)),
  )
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(one).not.toBe(two)
  expect(await isPassword('correct mule', one)).toBe(true)
  for (const wrong of ['', 'correct mul', 'correct mule ', 'Correct mule', 'correct mule'.repeat(50)])
    expect(await isPassword(wrong, one)).toBe(false)
})

test('one text in two ways of writing it is one password', async () => {
  expect(await isPassword('coração valente', await hashPassword('corac\u0327a\u0303o valente', world))).toBe(
    true,
  )
})

test('nobody’s password is nothing, and what is no hash is a surprise', async () => {
  for (const kept of [undefined, null]) expect(await isPassword('anything at all', kept)).toBe(false)
  await expect(isPassword('x', 'plain text')).rejects.toThrow('cannot be read')
})

test.each([
  ['', 'short'],
  ['elevenchars', 'short'],
  ['💶💶💶💶💶💶', 'short'],
  ['maria.silva', 'short'],
  ['maria.silva1', 'name'],
  ['MARIA.SILVA2026', 'name'],
  ['Maria.Silvamaria.silva', 'name'],
  ['aaaaaaaaaaaa', 'worn'],
  ['abababababab', 'worn'],
  ['123456789012', 'worn'],
  ['0987654321098', 'worn'],
  ['abcdefghijklm', 'worn'],
  ['PasswordPassword', 'worn'],
  ['QwertyUiop2026!', 'worn'],
  ['senhasegura123', 'worn'],
  ['corinthians1910', 'worn'],
] as const)('%j will not do: %s', (password, why) => {
  expect(passwordFault(password, 'maria.silva')).toBe(why)
})

test('201 letters will not do, which would take long to hash', () => {
  expect(passwordFault('x'.repeat(201), 'maria.silva')).toBe('long')
})

test.each(['correct horse', 'um pé de jabuticaba', 'maria.silva planta jabuticaba', 'hD7!kqP0z?vW'])(
  '%j will do',
  password => {
    expect(passwordFault(password, 'maria.silva')).toBeUndefined()
  },
)

test('every password of the list is refused as it stands and with a year behind it, once it is long enough', () => {
  expect(commonPasswords.size).toBeGreaterThan(100)
  for (const worn of commonPasswords) expect(passwordFault(worn.padEnd(12, '1'), '')).toBe('worn')
  for (const worn of commonPasswords)
    if (/^[a-z]{8,}$/.test(worn)) expect(passwordFault(`${worn}2026`, '')).toBe('worn')
})
