/**
 * Brazilian tax ids, banks and accounts, checked at the edge: a digit mistyped here is money sent to someone
 * else.
 */
// One path per function: the package’s main file reads lists of cities and jobs that no one here asks for
// (65 ms against 18 ms).
import { formatCnpj } from '@brazilian-utils/brazilian-utils/format-cnpj'
import { formatCpf } from '@brazilian-utils/brazilian-utils/format-cpf'
import { getBankByCode } from '@brazilian-utils/brazilian-utils/get-bank-by-code'
import { getBankByIspb } from '@brazilian-utils/brazilian-utils/get-bank-by-ispb'
import { getBanks } from '@brazilian-utils/brazilian-utils/get-banks'
import { isValidBankAccount } from '@brazilian-utils/brazilian-utils/is-valid-bank-account'
import { isValidCnpj } from '@brazilian-utils/brazilian-utils/is-valid-cnpj'
import { isValidCpf } from '@brazilian-utils/brazilian-utils/is-valid-cpf'
import { BadInput } from './answer.ts'

export interface TaxId {
  /** A person's or a company's. */
  is: 'cpf' | 'cnpj'
  /** `012.345.678-90` or `20.018.183/0001-80`. */
  formatted: string
}

export const accountTypes = ['checking', 'payment', 'savings', 'salary'] as const
export type AccountType = (typeof accountTypes)[number]

const wrong = (field: string, text: string, what: string): never => {
  throw new BadInput(`${field} "${text}" ${what}`)
}

/**
 * Reads a CPF or a CNPJ (its letters too, as issued since July 2026), with or without punctuation; throws
 * `BadInput`.
 */
export function checkTaxId(text: string, field = 'tax id'): TaxId {
  const plain = text.trim().toUpperCase()
  const bare = plain.replace(/[\s./-]/g, '')
  const isCpf = /^\d{11}$/.test(bare)
  if (!isCpf && !/^[0-9A-Z]{12}\d{2}$/.test(bare)) {
    const right = 'a CPF is 11 digits, a CNPJ 12 digits or letters and 2 digits'
    return wrong(field, text, `is ${bare.length} characters without punctuation; ${right}`)
  }
  if (/^(.)\1*$/.test(bare)) return wrong(field, text, 'is one digit repeated, which is never issued')
  if (isCpf) {
    if (isValidCpf(bare)) return { is: 'cpf', formatted: formatCpf(bare) }
    return wrong(field, text, 'fails the check digits of a CPF; compare it with the document')
  }
  if (isValidCnpj(bare, { version: 2 })) return { is: 'cnpj', formatted: formatCnpj(bare, { version: 2 }) }
  return wrong(field, text, 'fails the check digits of a CNPJ; compare it with the document')
}

/** A tax id as rows may have it: formatted, and without its punctuation. Throws `BadInput`. */
export function taxIdForms(text: string, field?: string): [formatted: string, plain: string] {
  const { formatted } = checkTaxId(text, field)
  return [formatted, formatted.replace(/[^0-9A-Z]/g, '')]
}

/**
 * `***.456.789-**`, as Brazilian authorities print a CPF for others to read. A CNPJ is public, and stays
 * whole.
 */
export function maskTaxId(text: string): string {
  const digits = text.replace(/[\s./-]/g, '')
  return /^\d{11}$/.test(digits) ? `***.${digits.slice(3, 6)}.${digits.slice(6, 9)}-**` : text
}

/** A sentence with every CPF in it masked: what people type as a reason stays for ever. */
export const withoutTaxIds = (text: string): string =>
  text.replace(/(?<![\d.-])(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11})(?![\d.-]*\d)/g, each =>
    isValidCpf(each) ? maskTaxId(each) : each,
  )

/** Whether a tax id, or a text, holds something that is masked where nobody asked to see it. */
export const holdsTaxId = (text: string): boolean => maskTaxId(text) !== text || withoutTaxIds(text) !== text

/**
 * A CPF or CNPJ that a spreadsheet took for a number, with the zeros it began with: `1234567809` was
 * `01234567809`. Only where check digits agree with one of the two; `either` where they agree with both.
 * Anything else is answered as it came.
 */
export function withLostZeros(text: string): string {
  const digits = text.trim()
  // One to three zeros of a CPF, one or two of a CNPJ: what is shorter is rather another number, and eleven
  // digits are a CPF with a fault.
  if (!/^[1-9](?:\d{7,9}|\d{11,12})$/.test(digits)) return text
  const [cpf, cnpj] = [digits.padStart(11, '0'), digits.padStart(14, '0')]
  const isCpf = digits.length < 11 && isValidCpf(cpf)
  const isCnpj = isValidCnpj(cnpj, { version: 2 })
  return isCpf && isCnpj ? 'either' : isCpf ? cpf : isCnpj ? cnpj : text
}

/**
 * A bank by its ISPB (8 digits, the transfer is a Pix) or COMPE code (3 digits, a TED), as the central bank
 * lists them. Throws `BadInput`. The list holds institutions that have a COMPE code; another one must be
 * added here, with the reason.
 */
export function checkBank(code: string, field = 'bank'): string {
  const plain = code.trim()
  if (!/^(\d{8}|\d{3})$/.test(plain)) {
    return wrong(
      field,
      code,
      'is neither an ISPB of 8 digits (e.g. 20018183) nor a COMPE code of 3 (e.g. 001), leading zeros included',
    )
  }
  const [kind, bank] =
    plain.length === 8 ? ['ISPB', getBankByIspb(plain)] : ['COMPE code', getBankByCode(plain)]
  if (bank) return plain
  return wrong(
    field,
    code,
    `is no ${kind} that the central bank lists; compare it with the account holder's bank`,
  )
}

/** A branch as its bank writes it: 1 to 5 digits, a check digit may follow. */
export function checkBranch(text: string, field = 'branch'): string {
  const plain = text.trim().toUpperCase()
  if (/^\d{1,5}(-[\dX])?$/.test(plain)) return plain
  return wrong(field, text, 'is not 1 to 5 digits, with a check digit if there is one (e.g. 0001 or 1234-5)')
}

/** An account number, by its shape only: each bank has its own check digits. */
export function checkAccountNumber(text: string, field = 'account number'): string {
  const plain = text.trim().toUpperCase()
  if (/^\d{1,20}(-[\dX])?$/.test(plain)) return plain
  return wrong(
    field,
    text,
    'is not 1 to 20 digits, with a check digit if there is one (e.g. 12345-6 or 12345-X)',
  )
}

export function checkAccountType(text: string, field = 'account type'): AccountType {
  const plain = text.trim().toLowerCase()
  return (
    accountTypes.find(type => type === plain) ??
    wrong(field, text, `is not one of ${accountTypes.join(', ')}`)
  )
}

export interface Bank {
  ispb: string
  /** COMPE. */
  code: string
  name: string
}

/** Every institution `checkBank` knows, by name. */
export const listBanks = (): Bank[] =>
  getBanks().sort((one, other) => one.name.localeCompare(other.name, 'pt-BR'))

/** The name of a bank by ISPB or COMPE code; undefined where it is none. */
export const bankName = (code: string): string | undefined =>
  (code.length === 8 ? getBankByIspb(code) : getBankByCode(code))?.name

export interface BankPlace {
  /** ISPB or COMPE code. */
  bank: string
  branch: string
  number: string
}

/**
 * Whether two ways of writing an account name one: banks show it as they normalise it, without leading zeros
 * (`1` for `0001`), with or without the hyphen of a check digit. The one place where accounts are compared.
 */
export const isSamePlace = (one: BankPlace, other: BankPlace): boolean =>
  plainCode(one.bank) === plainCode(other.bank) &&
  plain(one.branch) === plain(other.branch) &&
  plain(one.number) === plain(other.number)

const plain = (text: string): string =>
  text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replace(/^0+/, '')
/** Three digits are a COMPE code and eight an ISPB; zeros in front belong to both. */
const plainCode = (text: string): string => {
  const code = text.trim().replace(/^0+/, '')
  return code.padStart(code.length <= 3 && text.trim().length <= 3 ? 3 : 8, '0')
}

/** Those that publish the rule of their check digit, by COMPE code. */
const withRule = ['001', '033', '041', '104', '237', '260', '341', '399', '745']

/**
 * Whether an account's check digit fails the rule its bank publishes; undefined where none is published, or
 * no digit is written apart. It is a doubt and no refusal: banks open accounts by rules that are not
 * published too.
 */
export function failsBankDigit({
  bank,
  branch,
  number,
}: {
  bank: string
  branch: string
  number: string
}): boolean | undefined {
  const code = (bank.length === 8 ? getBankByIspb(bank) : getBankByCode(bank))?.code
  const [, account, digit] = /^(\d{1,13})-([\dX])$/.exec(number) ?? []
  if (code === undefined || !withRule.includes(code) || account === undefined || digit === undefined)
    return undefined
  return !isValidBankAccount({ bankCode: code, agency: branch.split('-')[0]!, account, digit })
}
