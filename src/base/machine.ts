/** A state machine is a table: which state may follow which. The store's CHECKs equal these tables. */

export type Machine = { readonly [state: string]: readonly string[] }
export type StateOf<M extends Machine> = Extract<keyof M, string>

/** False of a state that the machine does not know, too. */
export const mayMove = (machine: Machine, from: string, to: string): boolean =>
  machine[from]?.includes(to) ?? false

/** States with no way out. */
export const terminal = <M extends Machine>(machine: M): StateOf<M>[] =>
  (Object.keys(machine) as StateOf<M>[]).filter(state => machine[state]!.length === 0)
