/** What document D tells its readers to copy, as it stands there. */

export const HOST = 'https://payments.pebblepay.io'

export const FIRST_CALL = `curl -X POST https://payments.pebblepay.io/api/v1/orders \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "amount": 29.99,
    "product_name": "Premium License",
    "customer_email": "customer@example.com"
  }'`

export const TEST_MODE = `curl -X POST https://payments.pebblepay.io/api/v1/orders \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "amount": 29.99,
    "product_name": "Test Purchase",
    "customer_email": "test@example.com",
    "testMode": true
  }'`

export const WITH_WEBHOOK = `curl -X POST https://payments.pebblepay.io/api/v1/orders \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "amount": 49.99,
    "product_name": "Premium Subscription",
    "order_reference": "ORD-2024-001",
    "customer_email": "john@example.com",
    "coupon_code": "SUMMER25",
    "return_url": "https://yoursite.com/success",
    "webhook_url": "https://yoursite.com/webhooks/pebblepay"
  }'`

export const LISTS = [
  `# List all orders
curl "https://payments.pebblepay.io/api/v1/orders?limit=50" \\
  -H "Authorization: Bearer YOUR_API_KEY"`,
  `# Filter by status
curl "https://payments.pebblepay.io/api/v1/orders?status=completed" \\
  -H "Authorization: Bearer YOUR_API_KEY"`,
  `# Find by order reference
curl "https://payments.pebblepay.io/api/v1/orders?order_reference=ORD-2024-001" \\
  -H "Authorization: Bearer YOUR_API_KEY"`,
]

export const GET = `curl "https://payments.pebblepay.io/api/v1/orders/txn_abc123" \\
  -H "Authorization: Bearer YOUR_API_KEY"`

export const REFUND = `curl -X POST "https://payments.pebblepay.io/api/v1/orders/txn_abc123/refund" \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{ "reason": "Customer requested refund" }'`

export const CREATE_COUPON = `curl -X POST https://payments.pebblepay.io/api/v1/coupons \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "code": "LUCKY27",
    "discount_type": "percentage",
    "discount_value": 27,
    "description": "Lucky discount - one per customer",
    "max_uses_per_customer": 1,
    "expires_at": "2026-12-31T23:59:59Z"
  }'`

export const LIST_COUPONS = `curl https://payments.pebblepay.io/api/v1/coupons?active=true \\
  -H "Authorization: Bearer YOUR_API_KEY"`

export const GET_COUPON = `curl https://payments.pebblepay.io/api/v1/coupons/coup_a1b2c3d4 \\
  -H "Authorization: Bearer YOUR_API_KEY"`

export const PUT_COUPON = `curl -X PUT https://payments.pebblepay.io/api/v1/coupons/coup_a1b2c3d4 \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "max_uses_per_customer": 2,
    "is_active": false
  }'`

export const DELETE_COUPON = `curl -X DELETE https://payments.pebblepay.io/api/v1/coupons/coup_a1b2c3d4 \\
  -H "Authorization: Bearer YOUR_API_KEY"`

export const HANDLER = `const crypto = require('crypto');

// Get your signing key from Dashboard > Settings
const WEBHOOK_SECRET = process.env.PEBBLEPAY_WEBHOOK_SECRET;

function verifyWebhook(payload, signature, secret) {
  const expected = crypto
    .createHmac('sha256', secret)
    .update(JSON.stringify(payload))
    .digest('hex');
  
  return crypto.timingSafeEqual(
    Buffer.from(signature, 'hex'),
    Buffer.from(expected, 'hex')
  );
}

// In your webhook handler:
app.post('/webhooks/pebblepay', (req, res) => {
  const signature = req.headers['x-webhook-signature'];
  
  // CRITICAL: Always verify the signature!
  if (!verifyWebhook(req.body, signature, WEBHOOK_SECRET)) {
    console.error('Invalid webhook signature - possible attack!');
    return res.status(401).send('Invalid signature');
  }
  
  const { event, transaction_id, is_test } = req.body;
  
  // Skip fulfillment for test payments
  if (is_test) {
    console.log('Test payment received:', transaction_id);
    return res.status(200).send('OK');
  }
  
  if (event === 'payment.completed') {
    // Fulfill the order
  }
  
  res.status(200).send('OK');
});`
