/**
 * Refusals: what an act answers where it was not done. A code, with the values that a sentence needs; each
 * surface words it.
 */

export interface Refusal {
  readonly is: string
}

/** One sentence for each code, so that the compiler holds a surface's list complete. */
export type WordsOf<R extends Refusal> = {
  readonly [Code in R['is']]: (refusal: Extract<R, { is: Code }>) => string
}

/** Leaves an act from inside its transaction, so that nothing of it is kept. */
class Refused extends Error {
  override name = 'Refused'
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.is)
    this.refusal = refusal
  }
}

export interface Refusing<R extends Refusal> {
  /** Ends the act that `answering` runs; its transaction is rolled back. */
  refuse(refusal: R): never
  /** The same where a rule refuses. */
  refuseIf(refusal: R | undefined): void
  /** An act: what `work` answers, or the refusal that ended it. */
  answering<T>(work: () => Promise<T>): Promise<T | R>
}

/** How the acts of one room refuse: by the codes of `R` and no others. */
export function refusing<R extends Refusal>(): Refusing<R> {
  const refuse = (refusal: R): never => {
    throw new Refused(refusal)
  }
  return {
    refuse,
    refuseIf(refusal) {
      if (refusal) refuse(refusal)
    },
    async answering(work) {
      try {
        return await work()
      } catch (error) {
        if (error instanceof Refused) return error.refusal as R
        throw error
      }
    },
  }
}

/** The sentence for a refusal; undefined for an answer that is none. */
export function wordRefusal<R extends Refusal>(words: WordsOf<R>, answer: Refusal): string | undefined {
  const word = Object.entries<(refusal: never) => string>(words).find(([code]) => code === answer.is)?.[1]
  return word?.(answer as never)
}
