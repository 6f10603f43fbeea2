/** What a command is handed: where to print, the environment, and who acts. */
import type { Acting } from './acting.ts'

/** Data goes `out`, what is said about it goes to `err`. */
export interface Outlet {
  /** Resolves once the reader has taken it, so that a long export waits for a slow pipe. */
  out(text: string): Promise<void>
  err(text: string): void
  colours: boolean
  /** Answers whether the person says yes; undefined where nobody sits there, as in a script. */
  ask?: ((question: string) => Promise<boolean>) | undefined
}

export interface Shell extends Outlet {
  env: Record<string, string | undefined>
  /** 0 fine, 1 failure; bad input throws and becomes 2. */
  exitCode: number
  /** By whom the command says it is, and how that is shown, where it takes `--by`; see `prove.ts`. */
  acting?: Acting
  /** Takes what commander says of a faulty command line, where it is shown in another way. */
  saysFaults?: (text: string) => void
}
