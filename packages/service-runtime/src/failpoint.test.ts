import { expect, test } from 'vitest'
import { createFailpoint } from './failpoint.ts'
import { ConfigurationError } from './parse-environment.ts'

test('a failpoint is refused unless failpoints are enabled', () => {
  const config = { FAILPOINT: 'after-commit', FAILPOINT_AFTER: 5, FAILPOINTS: 'disabled' }
  expect(() => createFailpoint('after-commit', config)).toThrow(ConfigurationError)
  expect(() => createFailpoint('another', config)).toThrow(ConfigurationError)
  expect(() => createFailpoint('after-commit', { ...config, FAILPOINTS: 'enabled' })(5)).not.toThrow()
})

test('another failpoint than the one that is set never strikes', () => {
  expect(() =>
    createFailpoint('another', { FAILPOINT: 'after-commit', FAILPOINT_AFTER: 0, FAILPOINTS: 'enabled' })(9),
  ).not.toThrow()
})
