/**
 * Objections on the pages of accounts, limits and people: which are open, and the forms that object and
 * propose the end.
 */
import { samePerson } from '../../base/person.ts'
import type { Objection } from '../../ledger/ledger.ts'
import { may, type Act, type Person } from '../../people/people.ts'
import type { Language } from '../page/page.ts'
import { Field, Notice, Time } from '../page/parts.tsx'
import { ActForm } from './frame/frame.tsx'
import { frameWords } from './frame/words.ts'

interface Open {
  lang: Language
  objections: readonly Objection[]
  by(name: string): string
  /** What they hold. */
  holds: string
}

export const OpenObjections = ({ lang, objections, by, holds }: Open) => (
  <>
    {objections.map(({ made_by: name, added_at: at, why }) => (
      <Notice tone="bad">
        {by(name)} (<Time lang={lang} at={at} />
        ): {why}. {holds}
      </Notice>
    ))}
  </>
)

export const hasObjected = (objections: readonly Objection[], { name }: Pick<Person, 'name'>): boolean =>
  objections.some(({ made_by: by }) => samePerson(by, name))

interface Forms {
  lang: Language
  person: Person
  objections: readonly Objection[]
  acts: { object: Act; clear: Act }
  /** Where each of the two is sent; null where it is not offered. */
  actions: { object: string | null; clear: string | null }
  /** Of a form whose path does not say it. */
  of?: string
  words: { title: string; told: string; go: string; clearTold: string; clear: string }
  /** Why this person ends no objection to it. */
  theirs?: string | undefined
  fault?: string | undefined
}

/** Mails link here. Whoever has objected already is not asked again. */
export function ObjectionForms({
  lang,
  person,
  objections,
  acts,
  actions,
  of,
  words: say,
  theirs,
  fault,
}: Forms) {
  const form = (verb: 'object' | 'clear') =>
    actions[verb] !== null &&
    may(person.role, acts[verb]) && (
      <ActForm {...{ lang, person, act: acts[verb], action: actions[verb] }}>
        {of !== undefined && <input type="hidden" name="of" value={of} />}
        <p>{verb === 'object' ? say.told : say.clearTold}</p>
        <Field
          {...{
            id: `${verb}-why`,
            name: 'why',
            label: frameWords[lang].reason,
            hint: frameWords[lang].reasonHint,
            required: true,
            fault,
          }}
          maxLength={500}
        />
        <button class={verb === 'object' ? 'danger' : 'plain'}>
          {verb === 'object' ? say.go : say.clear}
        </button>
      </ActForm>
    )
  const object = !hasObjected(objections, person) && form('object')
  const clear =
    objections.length > 0 &&
    (theirs === undefined ? form('clear') : may(person.role, acts.clear) && <p>{theirs}</p>)
  if (!object && !clear) return null
  return (
    <section class="card" aria-labelledby="objection">
      <h2 id="objection">{say.title}</h2>
      {object}
      {clear}
    </section>
  )
}
