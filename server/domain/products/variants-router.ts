import { router, storeProcedure } from '../../trpc'
import { archiveVariant, createVariant, getVariant, listVariants, toVariant, updateVariant } from './variants'
import { NewVariant, Variant, VariantPage, VariantQuery, VariantRef, VariantUpdate } from './variants-schema'

export const variantsRouter = router({
  create: storeProcedure
    .meta({
      tool: 'create_variant',
      title: 'Add a variant to a product',
      summary:
        'Adds a variant with its own name and price to a product. With licence terms, each payment of it issues a licence key.',
      scope: 'products:write',
      rest: 'POST /v1/products/{product_id}/variants',
      status: 201,
    })
    .input(NewVariant)
    .output(Variant)
    .mutation(async ({ ctx, input }) => toVariant(ctx, await createVariant(ctx, input))),

  list: storeProcedure
    .meta({
      tool: 'list_variants',
      title: 'List the variants of a product',
      summary: 'The variants of a product, newest first; active and draft ones unless a status is asked for.',
      scope: 'products:read',
      rest: 'GET /v1/products/{product_id}/variants',
    })
    .input(VariantQuery)
    .output(VariantPage)
    .query(async ({ ctx, input }) => {
      const page = await listVariants(ctx, input)
      return { variants: page.rows.map((row) => toVariant(ctx, row)), next_cursor: page.nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_variant',
      title: 'Show a variant',
      summary: 'One variant of a product by its id, with its licence terms.',
      scope: 'products:read',
      rest: 'GET /v1/variants/{id}',
    })
    .input(VariantRef)
    .output(Variant)
    .query(async ({ ctx, input }) => toVariant(ctx, await getVariant(ctx, input.id))),

  update: storeProcedure
    .meta({
      tool: 'update_variant',
      title: 'Change a variant',
      summary:
        'Changes the name, price, status or licence terms of a variant. Only what is sent changes; open checkouts keep their price and issued keys their terms.',
      scope: 'products:write',
      rest: 'PATCH /v1/variants/{id}',
      idempotent: true,
    })
    .input(VariantUpdate)
    .output(Variant)
    .mutation(async ({ ctx, input }) => toVariant(ctx, await updateVariant(ctx, input))),

  archive: storeProcedure
    .meta({
      tool: 'archive_variant',
      title: 'Archive a variant',
      summary: 'Takes a variant off sale. Its orders and licence keys stay; set its status to active to sell it again.',
      scope: 'products:write',
      rest: 'DELETE /v1/variants/{id}',
      idempotent: true,
      destructive: true,
    })
    .input(VariantRef)
    .output(Variant)
    .mutation(async ({ ctx, input }) => toVariant(ctx, await archiveVariant(ctx, input.id))),
})
