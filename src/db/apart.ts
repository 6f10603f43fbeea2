/** Rows that are worked on one by one: what fails with one keeps back no other. */
import { Crash } from '../base/world.ts'
import { DbUnavailable } from './contract.ts'

export interface Fault<T> {
  of: T
  error: unknown
  why: string
}

/**
 * Does `work` for each, and answers those with which it failed. Where the database or the process is gone,
 * all of it ends.
 */
export async function eachApart<T>(
  all: readonly T[],
  work: (one: T) => Promise<unknown>,
): Promise<Fault<T>[]> {
  const faults: Fault<T>[] = []
  for (const of of all)
    try {
      await work(of)
    } catch (error) {
      faults.push({ of, error, why: faultOf(error) })
    }
  return faults
}

/**
 * What failed, in words to keep with its row. Throws what is no row's fault: the database or the process is
 * gone.
 */
export function faultOf(error: unknown): string {
  if (error instanceof DbUnavailable || error instanceof Crash) throw error
  return error instanceof Error ? error.message : 'for a reason that is not known'
}

/** Once each row is dealt with: throws the first, so that the run is shown as failed, with its stack. */
export function throwFirst([first]: readonly Fault<unknown>[]): void {
  if (first) throw first.error
}
