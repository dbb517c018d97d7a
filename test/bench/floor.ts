import postgres from 'postgres'

/**
 * The least that a server on this machine can do: a bare Bun.serve and one prepared statement a request, through the same
 * driver with as many connections. Everything that Payhook adds is measured against it.
 *
 *     bun floor.ts <port> <database url>
 */
const [port, url] = process.argv.slice(2)
const sql = postgres(url ?? '', { max: 16 })
await sql`create table floor (store_id bigint, id uuid, name text, price_minor bigint, created_at timestamptz, primary key (store_id, id))`

Bun.serve({
  port: Number(port),
  hostname: '127.0.0.1',
  fetch: async (request) => {
    if (request.method === 'POST') {
      const { name, price_cents } = (await request.json()) as { name: string; price_cents: number }
      const id = crypto.randomUUID()
      await sql`insert into floor values (1, ${id}, ${name}, ${price_cents}, ${new Date()})`
      return Response.json({ id, name, price_cents }, { status: 201 })
    }
    const id = request.url.slice(request.url.lastIndexOf('/') + 1)
    const [row] = await sql`select * from floor where store_id = 1 and id = ${id}`
    return Response.json(row)
  },
})
