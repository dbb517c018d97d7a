import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Violation = { id: string; impact: string; nodes: { html: string }[] }

/** What axe finds on a page, each with the first element that has it. */
export async function violationsOn(
  page: Page,
  isMeant: (violation: Violation) => boolean = () => true,
): Promise<string[]> {
  // Playwright evaluates beside the page's policy, which the page itself keeps.
  await page.evaluate(AXE)
  const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: Violation[]
  }
  return found.violations.filter(isMeant).map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

export const seriousViolations = (page: Page) =>
  violationsOn(page, ({ impact }) => impact === 'serious' || impact === 'critical')
