-- Takes messages, and notes in the same step who holds them. Before that, what lost workers held and what
-- has become due goes back to its list.
--
-- KEYS: held, leases, delayed, begun, deaths, seen, and the lists by priority. ARGV: room, lease, and the prefix of
-- tags. Returns of each message: tag, number of its list, the message, and how many of its workers died, or
-- "gone" where only its tag is left.
--
-- A held message is stored behind the number of its list, as one byte; there may have been more lists when it was. How many of its workers died is counted beside it,
-- by its digest: the message itself stays what its sender wrote.
local held, leases, delayed, begun, deaths, seen = unpack(KEYS, 1, 6)
local room, lease, prefix = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

-- Redis does not undo what a script did before an error: a message is written to its new place before it is
-- removed from the old one. What comes after the first write is tried here, where there is nothing to change: a
-- key of another type, or a command that the user may not call, is an error while everything is in its place.
-- Once something was removed, Redis allows writes also where its memory is full.
redis.call('HDEL', held, '')
redis.call('ZREM', leases, '')
redis.call('ZADD', leases, 'XX', 0, '')
redis.call('ZREM', delayed, '')
for list = 7, #KEYS do
  redis.call('LTRIM', KEYS[list], 0, -1)
end

local function put_first(kept)
  redis.call('RPUSH', KEYS[6 + kept:byte(1) - 48] or KEYS[#KEYS], kept:sub(2))
end

extend_after_outage(seen, leases, lease)
local taken = {}

local lapsed = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 1000)
table.sort(lapsed, function(a, b) return a > b end)
if #lapsed > 0 then
  redis.call('SREM', begun, '')
  redis.call('HINCRBY', deaths, '', 0)
  redis.call('EXPIRE', deaths, 604800)
  redis.call('HDEL', deaths, '')
end
for _, tag in ipairs(lapsed) do
  local kept = redis.call('HGET', held, tag)
  if kept then
    put_first(kept)
    local counts = redis.call('SREM', begun, tag)
    redis.call('HINCRBY', deaths, redis.sha1hex(kept:sub(2)), counts)
    redis.call('EXPIRE', deaths, 604800)
    redis.call('HDEL', held, tag)
    redis.call('ZREM', leases, tag)
  elseif #taken < room then
    redis.call('HSET', held, tag, '1')
    redis.call('ZADD', leases, now + lease, tag)
    taken[#taken + 1] = { tag, 1, '', 'gone' }
  end
end

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, room)
for i = #due, 1, -1 do
  put_first(due[i])
  redis.call('ZREM', delayed, due[i])
end

local counted = redis.call('EXISTS', deaths) == 1
for list = 1, #KEYS - 6 do
  local left = room - #taken
  -- The last one is the next.
  local messages = left > 0 and redis.call('LRANGE', KEYS[6 + list], -left, -1) or {}
  for i = #messages, 1, -1 do
    local message = messages[i]
    local tag = prefix .. string.format('%06d', #taken)
    redis.call('HSET', held, tag, string.char(48 + list) .. message)
    redis.call('ZADD', leases, now + lease, tag)
    local died = counted and redis.call('HGET', deaths, redis.sha1hex(message))
    taken[#taken + 1] = { tag, list, message, died or '' }
  end
  if #messages > 0 then redis.call('LTRIM', KEYS[6 + list], 0, -#messages - 1) end
end
return taken
