import { defineConfig } from 'drizzle-kit'

/** `bun run migration <name>` writes the next numbered SQL file from the tables of the domains. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './server/domain/*/table.ts',
  out: './drizzle',
})
