/** One finding of the doctor. */
export interface Check {
  check: string
  is: 'ok' | 'info' | 'warn' | 'error'
  says: string
  /** What to do about it. */
  run?: string
}
