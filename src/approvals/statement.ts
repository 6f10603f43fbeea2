/**
 * The statement of an approval: what, of which content, by whom, when and where, as one text that can be
 * signed.
 */
import type { Instant } from '../base/world.ts'
import { canonical, digest, type Content } from './canonical.ts'

export interface Statement {
  /** Such as `account.approve`. */
  act: string
  /** The id of what it is about. */
  subject: string
  /** Of the canonical content. */
  digest: string
  by: string
  at: Instant
  /** The hash of the first audit record, or zeros before there is one. */
  installation: string
  store: string
}

const format = 'repasse approval 1'
const names = ['act', 'at', 'by', 'digest', 'installation', 'store', 'subject'] as const

export const textOf = (statement: Statement): string =>
  canonical({ format, ...Object.fromEntries(names.map(name => [name, statement[name]])) })

export const idOf = (text: string): string => digest(text)

/** Undefined where a text is no statement, to the letter. */
export function readStatement(text: string): Statement | undefined {
  try {
    const read = JSON.parse(text) as Record<string, unknown>
    if (names.some(name => typeof read[name] !== 'string')) return undefined
    const statement = read as unknown as Statement
    return textOf(statement) === text ? statement : undefined
  } catch {
    return undefined
  }
}

export const isOf = (statement: Pick<Statement, 'digest'>, content: Content): boolean =>
  statement.digest === digest(canonical(content))
