/** Which names are one person's. */
import { expect, test } from 'vitest'
import { mixesAlphabets, samePerson } from './person.ts'

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

test('other names are other people', () => {
  expect(['Ana Prada', 'AnaPrado', 'Ana'].map(name => samePerson('Ana Prado', name))).toEqual([false, false, false])
})

test.each([
  ['a Cyrillic а', '\u0430na', true],
  ['a Cyrillic о at its end', 'brun\u043e', true],
  ['a Greek Α', '\u0391na', true],
  ['accents, digits and points', 'José da Conceição-Müller 2, d’Ávila (filial)', false],
  ['an accent apart from its letter', 'Jose\u0301', false],
  ['Cyrillic letters alone', 'Анна 2', false],
  ['letters that look like none of another alphabet', '田中 Ken', false],
  ['wide letters', '\uff21na', false],
  ['no letter', '1000', false],
])('a name with %s: whether it mixes alphabets is known', (_, name, mixes) => {
  expect(mixesAlphabets(name)).toBe(mixes)
})
