/** How much of the store is at work, over all processes of a story. */
export interface Busy {
  readonly count: number
  enter(): void
  leave(times?: number): void
  /**
   * Resolves once nothing is at work. Whoever waits for a database beside looks no more often than it
   * answers.
   */
  rest(): Promise<void>
}

export function openBusy(): Busy {
  let count = 0
  let resting: PromiseWithResolvers<void> | undefined
  return {
    get count() {
      return count
    },
    enter() {
      count++
    },
    leave(times = 1) {
      if (times === 0 || (count -= times) > 0) return
      resting?.resolve()
      resting = undefined
    },
    rest: () => (count === 0 ? Promise.resolve() : (resting ??= Promise.withResolvers()).promise),
  }
}
