/** Tax ids and bank accounts as people type them, right and wrong. */
import { describe, expect, test } from 'vitest'
import { BadInput } from './answer.ts'
import {
  bankName,
  checkAccountNumber,
  checkAccountType,
  checkBank,
  checkBranch,
  checkTaxId,
  failsBankDigit,
  listBanks,
  maskTaxId,
  taxIdForms,
  withoutTaxIds,
} from './brazil.ts'

describe('a tax id', () => {
  test.each([
    ['12345678909', 'cpf', '123.456.789-09'],
    [' 123.456.789-09 ', 'cpf', '123.456.789-09'],
    ['012.345.678-90', 'cpf', '012.345.678-90'],
    ['20.018.183/0001-80', 'cnpj', '20.018.183/0001-80'],
    ['20018183000180', 'cnpj', '20.018.183/0001-80'],
    // The Receita Federal's own example of the alphanumeric form.
    ['12.ABC.345/01DE-35', 'cnpj', '12.ABC.345/01DE-35'],
    ['12abc34501de35', 'cnpj', '12.ABC.345/01DE-35'],
  ])('%j is a %s', (text, is, formatted) => expect(checkTaxId(text)).toEqual({ is, formatted }))

  const length = (count: number) =>
    `is ${count} characters without punctuation; a CPF is 11 digits, a CNPJ 12 digits or letters and 2 digits`
  test.each([
    ['123.456.789-00', 'fails the check digits of a CPF; compare it with the document'],
    ['20.018.183/0001-81', 'fails the check digits of a CNPJ; compare it with the document'],
    ['12.ABC.345/01DE-36', 'fails the check digits of a CNPJ; compare it with the document'],
    ['111.111.111-11', 'is one digit repeated, which is never issued'],
    ['00000000000000', 'is one digit repeated, which is never issued'],
    ['1234567890', length(10)],
    ['123456789O9', length(11)],
    ['12345678909x', length(12)],
    ['', length(0)],
    ['20.018.183/0001-8A', length(14)],
  ])('%j %s', (text, why) => expect(() => checkTaxId(text)).toThrow(new BadInput(`tax id "${text}" ${why}`)))
})

test.each([
  ['012.345.678-90', '***.345.678-**'],
  ['01234567890', '***.345.678-**'],
  ['20.018.183/0001-80', '20.018.183/0001-80'],
  ['', ''],
])('%j is shown as %j', (text, masked) => expect(maskTaxId(text)).toBe(masked))

test('however it is typed, it is looked for as it may be written', () => {
  const forms = ['12.ABC.345/01DE-35', '12ABC34501DE35']
  for (const typed of ['12.abc.345/01de-35', ' 12ABC34501DE35 ']) expect(taxIdForms(typed)).toEqual(forms)
})

test('a reason keeps no CPF, and every other number', () =>
  expect(withoutTaxIds('CPF 012.345.678-90 or 01234567890, order 11111111112, NF 012345678901')).toBe(
    'CPF ***.345.678-** or ***.345.678-**, order 11111111112, NF 012345678901',
  ))

describe('an account', () => {
  test.each(['20018183', '00000000', '00360305', '001', '341', '665'])('bank %s is listed', code =>
    expect(checkBank(` ${code}`)).toBe(code),
  )

  test.each([
    ['99999999', "is no ISPB that the central bank lists; compare it with the account holder's bank"],
    ['999', "is no COMPE code that the central bank lists; compare it with the account holder's bank"],
    ...['1', '360305', '20018183-1', '', 'itau'].map(code => [
      code,
      'is neither an ISPB of 8 digits (e.g. 20018183) nor a COMPE code of 3 (e.g. 001), leading zeros included',
    ]),
  ])('bank %j %s', (code, why) =>
    expect(() => checkBank(code!, '--bank')).toThrow(new BadInput(`--bank "${code}" ${why}`)),
  )

  test.each([
    ['0001', '0001'],
    ['1', '1'],
    [' 1234-x', '1234-X'],
  ])('branch %j is %j', (text, read) => expect(checkBranch(text)).toBe(read))
  test.each(['', '123456', '12-34', 'A001', '-1'])('branch %j is refused', text =>
    expect(() => checkBranch(text)).toThrow(/^branch ".*" is not 1 to 5 digits/),
  )

  test.each([
    ['6341320293482496', '6341320293482496'],
    ['12345-6', '12345-6'],
    ['00012-x ', '00012-X'],
  ])('number %j is %j', (text, read) => expect(checkAccountNumber(text)).toBe(read))
  test.each(['', '123456789012345678901', '12345-67', '12.345-6', 'x'])('number %j is refused', text =>
    expect(() => checkAccountNumber(text)).toThrow(/^account number ".*" is not 1 to 20 digits/),
  )

  test.each([
    ['payment', 'payment'],
    ['Checking', 'checking'],
    ['savings', 'savings'],
    ['salary', 'salary'],
  ])('type %j is %j', (text, read) => expect(checkAccountType(text)).toBe(read))
  test('another type is refused with the four there are', () =>
    expect(() => checkAccountType('corrente', '--type')).toThrow(
      new BadInput('--type "corrente" is not one of checking, payment, savings, salary'),
    ))
})

test('every bank of the list is one that is taken, by either number, and has a name', () => {
  const banks = listBanks()
  expect(banks.length).toBeGreaterThan(400)
  for (const { ispb, code, name } of banks) {
    expect([checkBank(ispb), checkBank(code)]).toEqual([ispb, code])
    expect(bankName(code)).toBe(name)
  }
  expect(bankName('20018183')).toBe('STARK BANK S.A. - INSTITUICAO DE PAGAMENTO')
  expect(bankName('99999999')).toBeUndefined()
})

test.each([
  ['Banco do Brasil, right', { bank: '001', branch: '1584-9', number: '00210169-6' }, false],
  ['the same by its ISPB', { bank: '00000000', branch: '1584', number: '00210169-6' }, false],
  ['Banco do Brasil, wrong', { bank: '001', branch: '1584', number: '00210169-5' }, true],
  ['a bank that publishes no rule', { bank: '20018183', branch: '0001', number: '12345-6' }, undefined],
  ['a number without its digit apart', { bank: '001', branch: '1584', number: '002101696' }, undefined],
])('the digit of %s', (_, account, fails) => expect(failsBankDigit(account)).toBe(fails))
