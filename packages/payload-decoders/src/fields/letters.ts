import type { Finding } from './finding.ts'

/**
 * Which single letters are quantities: `{"u": 230, "i": 0.4, "p": 90}` is a measurement, `{"v": 2}` a version, `s` a status. At
 * least two must be there, the values must be possible, and `s` and `q` must fit the power beside them.
 */
export function lettersThatCount(letters: readonly Finding[], named: readonly Finding[]): readonly Finding[] {
  const names = new Set(named.flatMap(({ measurement }) => measurement ?? []))
  const own = letters.filter(({ measurement }) => measurement !== null && !names.has(measurement))
  const kinds = new Set(own.map(({ measurement }) => measurement))
  const electrical = ['voltage', 'current', 'active_power'] as const
  const evidence = electrical.filter((name) => kinds.has(name) || names.has(name))
  if (evidence.length < 2) return []
  const at = (name: string, like: Finding): number | null => {
    const match = [...own, ...named].find(
      (other) => other.measurement === name && other.phase === like.phase && other.index === like.index,
    )
    return typeof match?.value === 'number' ? Math.abs(match.value) : null
  }
  return own.filter((finding) => {
    const value = Math.abs(finding.value as number)
    switch (finding.measurement) {
      case 'voltage':
        return value === 0 || (value >= 50 && value <= 1_000)
      case 'frequency':
        return value >= 40 && value <= 70
      case 'apparent_power':
      case 'reactive_power': {
        const active = at('active_power', finding)
        const [voltage, current] = [at('voltage', finding), at('current', finding)]
        if (active === null || voltage === null || current === null) return false
        const product = voltage * current
        const expected =
          finding.measurement === 'apparent_power' ? product : Math.sqrt(Math.max(0, product ** 2 - active ** 2))
        return Math.abs(value - expected) <= 0.2 * product + 2
      }
      default:
        return true
    }
  })
}
