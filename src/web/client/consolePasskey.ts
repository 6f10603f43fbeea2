/**
 * Passkeys: makes one, or signs a statement with one, and puts what the device answered into the form. Forms
 * work without it, with a code.
 */
export {}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0))
const textOf = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/(?<!=)=+$/, '')

interface Asked {
  challenge: string
  rp: string
  /** Credentials: of a new one those there are already, of a statement those that may sign it. */
  ids: string[]
  /** Whose a new one is; left out where a statement is signed. */
  user?: { id: string; name: string }
}

const credentials = (ids: readonly string[]) =>
  ids.map(id => ({ type: 'public-key' as const, id: bytesOf(id) }))

async function make({
  challenge,
  rp,
  ids,
  user,
}: Asked & { user: { id: string; name: string } }): Promise<object> {
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: bytesOf(challenge),
      rp: { id: rp, name: 'Repasse' },
      user: { id: new TextEncoder().encode(user.id), name: user.name, displayName: user.name },
      pubKeyCredParams: [-7, -8, -257].map(alg => ({ type: 'public-key', alg })),
      excludeCredentials: credentials(ids),
      authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
      attestation: 'none',
    },
  })) as PublicKeyCredential
  const { clientDataJSON, attestationObject } = made.response as AuthenticatorAttestationResponse
  const response = { clientDataJSON: textOf(clientDataJSON), attestationObject: textOf(attestationObject) }
  return { id: made.id, rawId: textOf(made.rawId), type: made.type, clientExtensionResults: {}, response }
}

async function sign({ challenge, rp, ids }: Asked): Promise<object> {
  const made = (await navigator.credentials.get({
    publicKey: {
      challenge: bytesOf(challenge),
      rpId: rp,
      allowCredentials: credentials(ids),
      userVerification: 'required',
    },
  })) as PublicKeyCredential
  const { authenticatorData, clientDataJSON, signature } = made.response as AuthenticatorAssertionResponse
  return {
    id: made.id,
    ...{
      authenticatorData: textOf(authenticatorData),
      clientDataJSON: textOf(clientDataJSON),
      signature: textOf(signature),
    },
  }
}

for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-passkey]')) {
  const form = button.form
  const answer = form?.querySelector<HTMLInputElement>('input[name="assertion"]')
  if (!form || !answer || !('credentials' in navigator) || !window.isSecureContext) continue
  const place = button.closest<HTMLElement>('[hidden]')
  if (place) place.hidden = false
  button.addEventListener('click', () => {
    const asked = JSON.parse(button.dataset['passkey']!) as Asked
    const { user } = asked
    // A new passkey takes the form's own fields, a code among them; a signature needs none of them.
    if (user && !form.reportValidity()) return
    // A reason is said by whoever signs as well.
    const reason = form.querySelector<HTMLInputElement>('input[name="why"]')
    if (reason && !reason.reportValidity()) return
    button.disabled = true
    const work = user ? make({ ...asked, user }) : sign(asked)
    work.then(
      made => {
        answer.value = JSON.stringify(made)
        form.submit()
      },
      () => {
        button.disabled = false
        const fault = form.querySelector<HTMLElement>('[data-passkey-fault]')
        if (fault) fault.hidden = false
      },
    )
  })
}
