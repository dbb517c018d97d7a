import postgres from 'postgres'

/**
 * The least that a server on this machine can do: a bare Bun.serve and one prepared statement a request, through the same
 * driver with as many connections. Everything that Payhook adds is measured against it.
 *
 *     bun floor.ts <port> <database url>
 */
const [port, url] = process.argv.slice(2)
const sql = postgres(url ?? '', { max: 16 })
// The row that a product is, with its two indexes: what the database has to do is the same on both sides.
await sql`create table floor (store_id bigint, id uuid, is_test boolean, name text, description text, price_minor bigint, currency text, status text, created_at timestamptz(3), updated_at timestamptz(3), primary key (store_id, id))`
await sql`create index on floor (store_id, is_test, created_at desc, id desc)`

Bun.serve({
  port: Number(port),
  hostname: '127.0.0.1',
  fetch: async (request) => {
    if (request.method === 'POST') {
      const { name, price_cents } = (await request.json()) as { name: string; price_cents: number }
      const id = crypto.randomUUID()
      const at = new Date()
      await sql`insert into floor values (1, ${id}, false, ${name}, null, ${price_cents}, 'usd', 'active', ${at}, ${at})`
      return Response.json({ id, name, price_cents }, { status: 201 })
    }
    const id = request.url.slice(request.url.lastIndexOf('/') + 1)
    const [row] = await sql`select * from floor where store_id = 1 and id = ${id}`
    return Response.json(row)
  },
})
