import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** What memory is held can only be told once nothing else is in it. */
export const collectGarbage = runInNewContext('gc') as () => void
