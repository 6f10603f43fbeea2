/** What the bank says to a client's mistake: always HTTP 400, with a list of codes and messages. */

export interface Complaint {
  code: string
  message: string
}

export class Refusal extends Error {
  override name = 'Refusal'
  readonly complaints: Complaint[]
  constructor(complaints: Complaint[]) {
    super(complaints.map(({ code, message }) => `${code}: ${message}`).join('; '))
    this.complaints = complaints
  }
}

export const refuse = (code: string, message: string): never => {
  throw new Refusal([{ code, message }])
}
