/** A state machine is a table: which state may follow which. The store's CHECKs equal these tables. */

export type Machine = { readonly [state: string]: readonly string[] }
export type StateOf<M extends Machine> = Extract<keyof M, string>

export const mayMove = <M extends Machine>(machine: M, from: StateOf<M>, to: StateOf<M>): boolean =>
  machine[from]!.includes(to)

/** States with no way out. */
export const terminal = <M extends Machine>(machine: M): StateOf<M>[] =>
  (Object.keys(machine) as StateOf<M>[]).filter(state => machine[state]!.length === 0)
