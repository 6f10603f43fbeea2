/** What a rail answers. Expected outcomes have names and are returned; surprises throw. */

export type Answer<T> =
  | { is: 'done'; value: T }
  /**
   * The provider said no, and nothing happened there. `again`: the same request may succeed later (429,
   * skewed clock). `denied`: it does not take our word for who we are, whatever was asked, until a person
   * mends our credentials, its allow-list or our clock.
   */
  | { is: 'refused'; why: string; again: boolean; afterMs?: number; denied?: true }
  /** The provider did not answer, so it may have happened: settled by asking, never by retrying blindly. */
  | { is: 'unsure'; why: string }

export const done = <T>(value: T): Answer<T> => ({ is: 'done', value })
export const refused = (why: string, again = false, afterMs?: number): Answer<never> =>
  afterMs === undefined ? { is: 'refused', why, again } : { is: 'refused', why, again, afterMs }
/** It does not know us: the same request succeeds once it does, so whoever asked waits. */
export const denied = (why: string): Answer<never> => ({ is: 'refused', why, again: true, denied: true })
export const unsure = (why: string): Answer<never> => ({ is: 'unsure', why })

/**
 * Bad input at an edge: the message names the field, the value and what would be right. The CLI exits 2 on
 * it, the web answers 400.
 */
export class BadInput extends Error {
  override name = 'BadInput'
  /** The flag or field that the message begins with, where it is one. */
  readonly flag: string | undefined
  constructor(message: string, { flag, ...options }: ErrorOptions & { flag?: string } = {}) {
    super(message, options)
    this.flag = flag
  }
}
