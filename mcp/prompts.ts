import { type GetPromptResult, type Prompt, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import { CURRENCIES } from '../server/kernel/money'
import type { OperationTool } from './tools'

export type Prompts = {
  list: Prompt[]
  get(name: string, args: Record<string, string>): GetPromptResult
  complete(name: string, argument: string, value: string): string[]
}

type Template = {
  about: Prompt
  /** The tools that its text sends the agent to. It is offered where they all exist. */
  tools: readonly string[]
  text(args: Record<string, string>): string
  /** Values of an argument that has a fixed set of them. */
  values?: (argument: string, tools: readonly OperationTool[]) => readonly string[]
}

const TEMPLATES: readonly Template[] = [
  {
    about: {
      name: 'sell_a_product',
      title: 'Sell a product',
      description: 'Puts a product on sale and hands over the link that buyers pay at.',
      arguments: [
        { name: 'name', description: 'What is sold', required: true },
        { name: 'price', description: 'For example 19.00', required: true },
        { name: 'currency', description: 'ISO 4217 code, usd unless given', required: false },
      ],
    },
    tools: ['create_product'],
    text: ({ name, price, currency = 'usd' }) =>
      `Sell "${name}" for ${price} ${currency}. Convert the price to the currency's smallest unit, write a one-sentence ` +
      'description that a buyer would want to read, and call create_product once with a fresh idempotency_key. ' +
      'Then give me the checkout_url and the price as a buyer will see it, and say whether it was made with a test or a live key.',
    values: (argument) => (argument === 'currency' ? CURRENCIES : []),
  },
  {
    about: {
      name: 'review_revenue',
      title: 'Review revenue',
      description: 'Says how the store is doing and what to do about it.',
      arguments: [{ name: 'period', description: 'Such as 30d, which it is unless given', required: false }],
    },
    tools: ['get_revenue', 'list_products'],
    text: ({ period = '30d' }) =>
      `Call get_revenue for ${period} and list_products. Tell me in five lines at most: what came in after refunds, in each ` +
      'currency; which products earned it, by name; which products sold nothing; and the one change you would make next. ' +
      "Amounts are in the currency's smallest unit: convert them before you show them.",
    values: (argument, tools) => enumOf(tools, 'get_revenue', argument),
  },
]

export function createPrompts(tools: readonly OperationTool[]): Prompts {
  const names = new Set(tools.map((tool) => tool.definition.name))
  const offered = TEMPLATES.filter((template) => template.tools.every((tool) => names.has(tool)))
  const find = (name: string) => {
    const template = offered.find((candidate) => candidate.about.name === name)
    if (template) return template
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown prompt: ${name}. prompts/list names the prompts.`)
  }
  return {
    list: offered.map((template) => template.about),
    get: (name, args) => {
      const template = find(name)
      refuseMissing(template, args)
      const text = template.text(args)
      return { description: template.about.description, messages: [{ role: 'user', content: { type: 'text', text } }] }
    },
    complete: (name, argument, value) =>
      (find(name).values?.(argument, tools) ?? []).filter((candidate) => candidate.startsWith(value.toLowerCase())),
  }
}

function refuseMissing({ about }: Template, args: Record<string, string>): void {
  const missing = about.arguments?.find((argument) => argument.required && !args[argument.name])
  if (!missing) return
  throw new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `The prompt ${about.name} needs the argument ${missing.name}.`,
  )
}

/** The values that a tool's input declares for a field. */
function enumOf(tools: readonly OperationTool[], name: string, field: string): string[] {
  const schema = tools.find((tool) => tool.definition.name === name)?.definition.inputSchema
  const property = (schema?.properties as Record<string, { enum?: string[] }> | undefined)?.[field]
  return property?.enum ?? []
}
