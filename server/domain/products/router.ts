import { router, storeProcedure } from '../../trpc'
import { NewProduct, Product, ProductPage, ProductQuery, ProductRef, ProductUpdate } from './schema'
import { archiveProduct, createProduct, getProduct, listProducts, toProduct, updateProduct } from './service'

export const productsRouter = router({
  create: storeProcedure
    .meta({
      tool: 'create_product',
      title: 'Create a product',
      summary:
        'Creates a product and its checkout link. Send buyers to checkout_url; it sells at once unless made as a draft.',
      scope: 'products:write',
      rest: 'POST /v1/products',
      status: 201,
    })
    .input(NewProduct)
    .output(Product)
    .mutation(async ({ ctx, input }) => toProduct(ctx, await createProduct(ctx, input))),

  list: storeProcedure
    .meta({
      tool: 'list_products',
      title: 'List products',
      summary: 'Your products, newest first; active and draft ones unless a status is asked for.',
      scope: 'products:read',
      rest: 'GET /v1/products',
    })
    .input(ProductQuery.prefault({}))
    .output(ProductPage)
    .query(async ({ ctx, input }) => {
      const page = await listProducts(ctx, input)
      return { products: page.rows.map((row) => toProduct(ctx, row)), next_cursor: page.nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_product',
      title: 'Show a product',
      summary: 'One product by its id, with its checkout link.',
      scope: 'products:read',
      rest: 'GET /v1/products/{id}',
    })
    .input(ProductRef)
    .output(Product)
    .query(async ({ ctx, input }) => toProduct(ctx, await getProduct(ctx, input.id))),

  update: storeProcedure
    .meta({
      tool: 'update_product',
      title: 'Change a product',
      summary:
        'Changes the name, description, price or status of a product. Only what is sent changes; open checkouts keep their price.',
      scope: 'products:write',
      rest: 'PATCH /v1/products/{id}',
      idempotent: true,
    })
    .input(ProductUpdate)
    .output(Product)
    .mutation(async ({ ctx, input }) => toProduct(ctx, await updateProduct(ctx, input))),

  archive: storeProcedure
    .meta({
      tool: 'archive_product',
      title: 'Archive a product',
      summary: 'Takes a product off sale. Its orders and revenue stay; set its status to active to sell it again.',
      scope: 'products:write',
      rest: 'DELETE /v1/products/{id}',
      idempotent: true,
      destructive: true,
    })
    .input(ProductRef)
    .output(Product)
    .mutation(async ({ ctx, input }) => toProduct(ctx, await archiveProduct(ctx, input.id))),
})
