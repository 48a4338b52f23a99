-- Extends leases, other than those of what was settled meanwhile. KEYS: leases and seen. ARGV: lease, and the tags.
local lease = tonumber(ARGV[1])
-- Redis allows the writes below also where its memory is full, once something was removed.
redis.call('ZREM', KEYS[1], '')
extend_after_outage(KEYS[2], KEYS[1], lease)
local till = now + lease
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', till, ARGV[i])
end
