-- Notes what became of messages. One that is not held any more was given to another worker. A dead letter is
-- stored by its tag, which is unique: ids are the senders', and two messages may have the same.
--
-- KEYS: held, leases, delayed, dead letters, since when they are, begun, deaths, and the messages of dead letters. ARGV, for each message:
-- what became of it, its tag, and three more:
--   'done', tag, id, '', unique key or ''
--   'dead', tag, id, the dead letter without its message, unique key or ''
--   'unread', tag, '', the dead letter without its message, what unique keys begin with
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

-- Where it can't be released it expires.
local function free_key(key, id)
  if key ~= '' and redis.pcall('GET', key) == id then redis.pcall('DEL', key) end
end

-- Releases the unique key of a message that its worker has not read: it is freed where its holder is an id in there.
local function free_key_in(kept, prefix)
  local _, quote = kept:find('"airlock-unique-key":"', 1, true)
  local last = quote
  repeat
    last = last and kept:find('["\\]', last + 1)
    local is_escaped = last and kept:byte(last) == 92
    if is_escaped then last = last + 1 end
  until not is_escaped
  if not last then return end
  local is_text, texts = pcall(cjson.decode, '[' .. kept:sub(quote, last) .. ']')
  local key = is_text and prefix .. texts[1]
  local holder = key and redis.pcall('GET', key)
  if type(holder) == 'string' and kept:find('"id":"' .. holder .. '"', 1, true) then free_key(key, holder) end
end

local function settle(what, tag, a, b, c)
  local kept = redis.call('HGET', held, tag)
  if kept then
    if what == 'return' then
      redis.call('RPUSH', a, kept:sub(2))
    elseif what == 'retry' then
      redis.call('ZADD', delayed, now + tonumber(a), b)
    else
      if what ~= 'done' then
        -- A body without its letter would be listed by nobody, and stay.
        redis.call('HDEL', dead, '')
        redis.call('ZADD', since, 'XX', 0, '')
        redis.call('HSET', bodies, tag, kept:sub(2))
        redis.call('HSET', dead, tag, b)
        redis.call('ZADD', since, now, tag)
      end
      if what == 'unread' then free_key_in(kept, c) else free_key(c, a) end
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
