-- Notes what became of messages. One that is not held any more was given to another worker. A dead letter is
-- stored by its tag, which is unique: ids are the senders', and two messages may have the same.
--
-- KEYS: held, leases, delayed, dead letters, since when they are, begun, deaths, and the messages of dead letters. ARGV, for each message:
-- what became of it, its tag, and three more:
--   'done', tag, id, '', unique key or ''
--   'dead', tag, id, the dead letter without its message, unique key or ''
--   'return', tag, list, '', ''
--   'retry', tag, milliseconds to wait, message behind the number of its list, ''
--
-- Returns the indices of those that can't be settled, and the error of one of them; and the indices of those that are
-- not held any more. The former stay held: what follows a message is written before the message is removed, and what
-- removes it is tried first, as in `receive.lua`.
local held, leases, delayed, dead, since, begun, deaths, bodies = unpack(KEYS)
local lost = {}
redis.call('HDEL', held, '')
redis.call('ZREM', leases, '')
redis.call('SREM', begun, '')
local counted = redis.call('EXISTS', deaths) == 1
if counted then redis.call('HDEL', deaths, '') end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function settle(what, tag, a, b, c)
  local kept = redis.call('HGET', held, tag)
  if kept then
    if what == 'return' then
      redis.call('RPUSH', a, kept:sub(2))
    elseif what == 'retry' then
      redis.call('ZADD', delayed, now + tonumber(a), b)
    else
      if what == 'dead' then
        redis.call('ZADD', since, 'XX', 0, '')
        redis.call('HSET', bodies, tag, kept:sub(2))
        redis.call('HSET', dead, tag, b)
        redis.call('ZADD', since, now, tag)
      end
      -- Where it can't be released it expires.
      if c ~= '' and redis.pcall('GET', c) == a then redis.pcall('DEL', c) end
    end
    -- One that came early stays the same message.
    if counted and what ~= 'return' and not (what == 'retry' and kept == b) then
      local digest = redis.sha1hex(kept:sub(2))
      redis.call('HDEL', deaths, digest, 'r' .. digest)
    end
    redis.call('HDEL', held, tag)
  end
  redis.call('ZREM', leases, tag)
  redis.call('SREM', begun, tag)
  return kept
end

local failed, failure = {}, ''
for i = 1, #ARGV, 5 do
  local settled, said = pcall(settle, unpack(ARGV, i, i + 4))
  if not settled then
    failed[#failed + 1] = (i - 1) / 5
    failure = type(said) == 'table' and said.err or said
  elseif not said then
    lost[#lost + 1] = (i - 1) / 5
  end
end
return { failed, failure, lost }
