-- Notes what became of messages. One that is not held any more was given to another worker. A dead letter is
-- stored by its tag, which is unique: ids are the senders', and two messages may have the same.
--
-- KEYS: held, leases, delayed, dead letters, since when they are, begun and deaths. ARGV, for each message:
-- what became of it, its tag, and three more:
--   'done', tag, id, '', unique key or ''
--   'dead', tag, id, the dead letter, unique key or ''
--   'return', tag, list, message, ''
--   'retry', tag, milliseconds to wait, message behind the number of its list, ''
local held, leases, delayed, dead, since, begun, deaths = unpack(KEYS)
local counted = redis.call('EXISTS', deaths) == 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 5 do
  local what, tag, a, b, c = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  redis.call('ZREM', leases, tag)
  redis.call('SREM', begun, tag)
  if counted and what ~= 'return' then
    local kept = redis.call('HGET', held, tag)
    -- One that came early stays the same message.
    if kept and not (what == 'retry' and kept == b) then redis.call('HDEL', deaths, redis.sha1hex(kept:sub(2))) end
  end
  if redis.call('HDEL', held, tag) == 1 then
    if what == 'return' then
      redis.call('RPUSH', a, b)
    elseif what == 'retry' then
      redis.call('ZADD', delayed, now + tonumber(a), b)
    else
      if what == 'dead' then
        redis.call('HSET', dead, tag, b)
        redis.call('ZADD', since, now, tag)
      end
      if c ~= '' and redis.call('GET', c) == a then redis.call('DEL', c) end
    end
  end
end
