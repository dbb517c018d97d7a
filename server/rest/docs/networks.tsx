import { Code } from './code'

const START = `ETHEREUM_RPC_URLS=https://eth.example.com/v3/KEY,http://10.0.0.5:8545 \\
BSC_RPC_URLS=https://bsc.example.com/KEY \\
TRON_RPC_URLS=https://tron.example.com/KEY/jsonrpc \\
npm start`

const READY = `curl http://localhost:3000/readyz
{"status":"ready","database":"ok","chains":{"ethereum":"ok","bsc":"behind: 1200 blocks, 540 seconds"}}`

/** For whoever runs the server: what live crypto payments need, and what happens to them. */
export function Networks() {
  return (
    <>
      <p>
        Test keys take crypto payments on simulated chains, and need nothing. For live ones the server reads the
        networks itself, through nodes that you name: a network is enabled by its variable, and a live payment on any
        other answers <code>400 network_not_enabled</code>. No key of a wallet is ever on the server.
      </p>
      <Code text={START} />
      <p>
        Name at least two nodes of a network, the better one first. A node that fails, refuses, hangs or is behind is
        passed over for the next one. Before its first use each node is asked which chain it is of, and how many
        decimals the tokens have there: when all are of another one, live payments on that network are off, and the log
        and <code>/readyz</code> say so. A node that can't be reached stops nothing; it is asked again. Prices come from
        Chainlink's feeds on the same nodes, then from CoinGecko and Coinbase; without one that is fresh and undisputed,
        a payment in a native coin answers <code>503 rate_unavailable</code>.
      </p>
      <p>
        <strong>What nodes must know.</strong> Ethereum and BSC: <code>eth_getBlockByNumber</code> with{' '}
        <code>finalized</code>, <code>eth_getLogs</code>, <code>eth_getTransactionReceipt</code>,{' '}
        <code>eth_getBalance</code> and <code>eth_call</code> of the newest 128 blocks. TRON: java-tron's JSON-RPC and
        its HTTP API, which is looked for at the same URL without <code>/jsonrpc</code> unless <code>TRON_API_URL</code>{' '}
        names another. Near the head a block costs about five calls.
      </p>
      <p>
        <strong>What is watched.</strong> All addresses of all pools, for USDT, USDC and BUSD by their contracts, and
        for the native coin: what transactions send, and what contracts send on. One process at a time watches a
        network, of those with the role <code>chain</code>; when it stops, another takes over at once, and when it is
        killed, within some seconds. Up to where was read is in the database. After a downtime everything since then is
        read, in order: with a node that answers in 0.1 s some 80 blocks a second, which is less than two minutes for an
        hour of BSC, 40 minutes for a day, and five hours for a week; Ethereum and TRON have far fewer blocks. Whether a
        payment was in time is decided by the time of its block. What contracts send shows only in balances, which nodes
        keep for 128 blocks unless they are archives.
      </p>
      <p>
        <strong>When it counts.</strong> A payment is confirmed when it has its confirmations and its block is final: on
        Ethereum after some 15 minutes, on BSC after seconds, on TRON after a minute. Until then a block may be replaced
        by another one: what it held is taken back, counts again when it comes in another block, and is told as{' '}
        <code>payment.reversed</code> when it doesn't. Should a chain ever replace what it had called final, a payment
        that was confirmed becomes <code>failed</code>, with the same event, and the log names it as an error.
      </p>
      <p>
        A network that replaced more than is remembered (the last 1,024 runs of blocks that were read) halts: most
        likely its nodes are broken or of another chain, so repair or replace them, and it goes on by itself. Should
        they be right, the command <code>reanchor bsc</code>, or <code>POST /v1/reanchorings</code> with the operator’s
        key, believes them: the network is read again from before the payments concerned, and what is gone from it is
        told as reversed.
      </p>
      <p>
        <strong>Money for no payment</strong> is never credited by itself. What comes to a payment’s address after its
        time is told as <code>payment.late</code> for 30 days; later, or where no payment had the address, it is only
        listed, with the reason: <code>GET /v1/unmatched_transfers</code>.
      </p>
      <p>
        <code>/readyz</code> says how each network is, and doesn't fail for one that is behind: cards and the other
        networks work, and what was paid is found when it is read.
      </p>
      <Code text={READY} />
    </>
  )
}
