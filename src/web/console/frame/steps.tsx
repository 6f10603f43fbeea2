/** What became of a schedule, an account or a person, step by step. */
import type { Transition } from '../../../db/db.ts'
import type { Language } from '../../page/page.ts'
import { Time } from '../../page/parts.tsx'
import { lineOf } from '../../../queries/step.ts'
import { Told } from '../list/parts.tsx'

interface StepParts {
  lang: Language
  steps: readonly Transition[]
  words: { at: string; from: string; to: string; why: string }
  /** The states in the language of the page. */
  states: Readonly<Record<string, string>>
}

/** The newest first. */
export const Steps = ({ lang, steps, words, states }: StepParts) => (
  <table class="cards">
    <thead>
      <tr>
        {[words.at, words.from, words.to, words.why].map(head => (
          <th scope="col">{head}</th>
        ))}
      </tr>
    </thead>
    <tbody>
      {steps.toReversed().map(step => (
        <tr>
          <th scope="row" data-label={words.at}>
            <Time {...{ lang, at: step.at }} />
          </th>
          <td data-label={words.from}>{states[step.from_state] ?? '–'}</td>
          <td data-label={words.to}>{states[step.to_state] ?? step.to_state}</td>
          <td data-label={words.why}>
            <Told {...{ lang, step: lineOf(step) }} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)
