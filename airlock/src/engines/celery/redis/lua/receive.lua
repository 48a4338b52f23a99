-- Takes messages, and notes in the same step who holds them. Before that, what lost workers held and what
-- has become due goes back to its list.
--
-- KEYS: held, leases, delayed, begun, deaths, and the lists by priority. ARGV: room, lease, and the prefix of
-- tags. Returns of each message: tag, number of its list, the message, and how many of its workers died.
--
-- A held message is stored behind the number of its list. How many of its workers died is counted beside it,
-- by its digest: the message itself stays what its sender wrote.
local held, leases, delayed, begun, deaths = unpack(KEYS, 1, 5)
local room, lease, prefix = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function put_first(kept)
  redis.call('RPUSH', KEYS[5 + tonumber(kept:sub(1, 1))], kept:sub(2))
end

local lapsed = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 1000)
table.sort(lapsed, function(a, b) return a > b end)
for _, tag in ipairs(lapsed) do
  local kept = redis.call('HGET', held, tag)
  if kept then
    put_first(kept)
    local counts = redis.call('SREM', begun, tag)
    redis.call('HINCRBY', deaths, redis.sha1hex(kept:sub(2)), counts)
    redis.call('EXPIRE', deaths, 604800)
  end
  redis.call('HDEL', held, tag)
  redis.call('ZREM', leases, tag)
end

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, room)
for i = #due, 1, -1 do
  put_first(due[i])
  redis.call('ZREM', delayed, due[i])
end

local taken = {}
local counted = redis.call('EXISTS', deaths) == 1
for list = 1, #KEYS - 5 do
  local messages = #taken < room and redis.call('RPOP', KEYS[5 + list], room - #taken)
  for _, message in ipairs(messages or {}) do
    local tag = prefix .. string.format('%06d', #taken)
    redis.call('HSET', held, tag, list .. message)
    redis.call('ZADD', leases, now + lease, tag)
    local died = counted and redis.call('HGET', deaths, redis.sha1hex(message))
    taken[#taken + 1] = { tag, list, message, died or '' }
  end
end
return taken
