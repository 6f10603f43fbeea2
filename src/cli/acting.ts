/** Who acts at the command line, as its flags say. */
import type { Act } from '../people/roles.ts'

export interface ProofFlags {
  by?: string
  /** A file with an Ed25519 private key. */
  key?: string
  /** Of an authenticator. */
  code?: string
}

/** Who a command that does not ask itself is by, and the act that their role has to allow. */
export type Acting = ProofFlags & { act?: Act }
