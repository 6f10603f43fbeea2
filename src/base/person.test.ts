/** Which names are one person's. */
import { expect, test } from 'vitest'
import { looksLike, lookOf, sameName, samePerson, unlikeIn, unseenIn } from './person.ts'

test.each([
  ['capitals and spaces around it', ' ANA Prado '],
  ['two spaces within it', 'Ana  Prado'],
  ['a space that does not break', 'Ana\u00a0Prado'],
  ['a space of no width', 'Ana\u200b Prado'],
  ['a hyphen that is not shown', 'A\u00adna Prado'],
  ['a letter that is not shown', 'Ana Prado\u3164'],
  ['wide letters', '\uff21na Prado'],
])('a name with %s is the same', (_, name) => {
  expect(samePerson('Ana Prado', name)).toBe(true)
})

/** Every code point but half a surrogate pair, which is no text. */
const points = Array.from({ length: 0x110000 }, (_, point) => point).filter(
  point => point < 0xd800 || point > 0xdfff,
)
const named = (property: string) => {
  const has = new RegExp(`\\p{${property}}`, 'u')
  return points.map(point => String.fromCodePoint(point)).filter(text => has.test(text))
}
/** Drawn as nothing, and Unicode's properties do not say so: by the names of its own list. */
const blanks = ['\u2800', '\ufffc', '\u{13441}', '\u{13442}', '\u{16fe4}', '\u{1d159}']

test.each([
  ['what may be left out', () => named('Default_Ignorable_Code_Point')],
  ['formats', () => named('Format')],
  ['controls', () => named('Control').filter(text => text.trim() !== '')],
  ['no characters', () => ['\u0378', '\ue000', '\uffff', '\u{10ffff}']],
  ['blanks', () => blanks],
])('a name with any of %s is the same, and is not taken', (_, made) => {
  const letters = made()
  expect(letters.length).toBeGreaterThan(3)
  const places = (text: string) => [
    `Ana${text} Prado`,
    `A${text}na Prado`,
    `${text}Ana Prado`,
    `Ana Prado${text}`,
    `Ana${text}\u00a0${text} Prado`,
  ]
  expect(letters.filter(text => !places(text).every(name => samePerson('Ana Prado', name)))).toEqual([])
  expect(
    letters.filter(
      text => !samePerson(`Ana${text}Prado`, 'Ana Prado') || !samePerson('AnaPrado', `Ana${text}Prado`),
    ),
  ).toEqual([])
  expect(letters.filter(text => unseenIn(`Ana${text}Prado`) === undefined)).toEqual([])
})

test('any kind of space is a space', () => {
  expect(
    named('White_Space').filter(text => !unseenIn(text) && !samePerson('Ana Prado', `Ana${text}Prado`)),
  ).toEqual([])
})

test('what people are called is seen', () => {
  expect(
    ['José da Conceição-Müller 2, d’Ávila (filial)', 'ana+ops@example.com', '田中 Ken', 'Анна'].map(unseenIn),
  ).toEqual([undefined, undefined, undefined, undefined])
  expect(unseenIn('Ana\u{1d159}')).toBe('U+1D159')
})

test.each([
  ['PauI', 'Paul'],
  ['pau1', 'Paul'],
  ['J0A0', 'joao'],
  ['bemardo', 'bernardo'],
  ['vvagner', 'wagner'],
  ['ana_lima@example.com', 'ana.lima@example.com'],
  ['ana.|ima', 'ana-lima'],
])('%s reads like %s', (one, other) => expect(lookOf(one)).toBe(lookOf(other)))

test.each([
  ['José', 'Jose'],
  ['jose', 'JOS\u0045\u0301'],
  ['Conceição', 'conceicao'],
  ['ANA', '\uff21n\u00e1'],
])('%s and %s may be one person, who does not approve their own work, and are two names', (one, other) => {
  expect([samePerson(one, other), looksLike(one, other), sameName(one, other)]).toEqual([true, true, false])
})

test('names that differ at sight read differently', () => {
  const names = [
    'paul',
    'paui',
    'paula',
    'ana',
    'anna',
    'bernardo',
    'bernado',
    'clara',
    'dara',
    'josé',
    'jose',
    'ana2',
    'ana3',
    'analima',
    'ana.lima',
  ]
  expect(new Set(names.map(lookOf)).size).toBe(names.length)
})

test('other names are other people', () => {
  expect(['Ana Prada', 'AnaPrado', 'Ana'].map(name => samePerson('Ana Prado', name))).toEqual([
    false,
    false,
    false,
  ])
})

test.each([
  ['a Cyrillic а among Latin letters', '\u0430na', '\u0430 (U+0430)'],
  ['Cyrillic letters alone', '\u0433\u043e\u0455\u0430', '\u0433 (U+0433)'],
  ['Greek letters alone', '\u0391\u039d\u0391', '\u0391 (U+0391)'],
  ['Lisu letters alone', '\ua4ee\ua4e0\ua4ee', '\ua4ee (U+A4EE)'],
  ['Cherokee letters alone', '\u13aa\u13aa', '\u13aa (U+13AA)'],
  ['a Han stroke for an l', 'pau\u4e28o', '\u4e28 (U+4E28)'],
  ['an a of phonetics', '\u0251na', '\u0251 (U+0251)'],
  ['small capitals', '\u1d00\u0274\u1d00', '\u1d00 (U+1D00)'],
  ['an i without a dot', 'br\u0131na', '\u0131 (U+0131)'],
  ['an accent where one is already', 'bri\u0307na', '\u0307 (U+0307)'],
  ['another hyphen', 'ana\u2010maria', '\u2010 (U+2010)'],
  ['accents, digits and points', 'José da Conceição-Müller 2, d’Ávila (filial)', undefined],
  ['an accent apart from its letter', 'Jose\u0301', undefined],
  ['letters of other Latin alphabets', 'Łukasz Nguyễn Æsir Ønsk Groß', undefined],
  ['wide letters', '\uff21na', undefined],
  ['an e-mail address', 'ana+ops@example.com', undefined],
])('a name with %s: what makes it look like another is found', (_, name, odd) => {
  expect(unlikeIn(name)).toBe(odd)
})

test('the apostrophe of a name is one, however it is drawn', () => {
  expect(samePerson("Ana d'Ávila", 'Ana d’Ávila')).toBe(true)
})
