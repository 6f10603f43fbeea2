/** An error as Bitcoin Core answers it: a code of its `rpc/protocol.h` and a text. */
export class RpcFault extends Error {
  override name = 'RpcFault'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export const refuse = (code: number, message: string): never => {
  throw new RpcFault(code, message)
}

/** Bitcoin Core, rpc/protocol.h. */
export const codes = {
  misc: -1,
  type: -3,
  wallet: -4,
  notFound: -5,
  funds: -6,
  parameter: -8,
  walletNotFound: -18,
  walletUnspecified: -19,
  decode: -22,
  rejectedInputs: -25,
  rejected: -26,
  alreadyInChain: -27,
  warmup: -28,
  walletLoaded: -35,
  invalidRequest: -32600,
  methodNotFound: -32601,
  parse: -32700,
} as const
