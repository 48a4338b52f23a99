-- Takes messages, and notes in the same step who holds them. Before that, what lost workers held and what
-- has become due goes back to its list.
--
-- KEYS: held, leases, delayed, begun, deaths, seen, and the lists by priority. ARGV: room, lease, the prefix of
-- tags, how long a message may be, and how many bytes to return at most, but for the first message. Returns of each
-- message: tag, number of its list, the message, how many of its workers died, what else is to be known, and a value:
--   'gone': only its tag is left
--   'long', its length: it is too long, and not returned
--   'unread', how often: so many workers that were given it were lost before they had read it; it is not returned
--   'again', its digest: the last worker that was given it was lost before it had begun
--
-- A held message is stored behind the number of its list, as one byte; there may have been more lists when it was. How
-- many of its workers died is counted beside it, by its digest: the message itself stays what its sender wrote.
local held, leases, delayed, begun, deaths, seen = unpack(KEYS, 1, 6)
local room, lease, prefix = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local max_length, budget = tonumber(ARGV[4]), tonumber(ARGV[5])

-- After so many workers that were lost before they had read it, a message is given to the next one alone, and
-- after so many to none.
local ALONE_AFTER, UNREAD_AFTER = 2, 4

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

-- What is too long is not read by anybody, and its digest takes long.
local function digest_of(kept)
  return #kept <= max_length + 1 and redis.sha1hex(kept:sub(2))
end

extend_after_outage(seen, leases, lease)
local taken = {}

-- Where a full server has removed the leases, what is held comes back in time all the same.
if redis.call('HLEN', held) > redis.call('ZCARD', leases) then
  for _, tag in ipairs(redis.call('HKEYS', held)) do
    redis.call('ZADD', leases, 'NX', now + lease, tag)
  end
end

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
    local digest = digest_of(kept)
    if digest then
      redis.call('HINCRBY', deaths, digest, counts)
      if counts == 0 then redis.call('HINCRBY', deaths, 'r' .. digest, 1) end
      redis.call('EXPIRE', deaths, 604800)
    end
    redis.call('HDEL', held, tag)
    redis.call('ZREM', leases, tag)
  elseif #taken < room then
    redis.call('HSET', held, tag, '1')
    redis.call('ZADD', leases, now + lease, tag)
    taken[#taken + 1] = { tag, 1, '', '', 'gone', '' }
  end
end

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, room)
for i = #due, 1, -1 do
  put_first(due[i])
  redis.call('ZREM', delayed, due[i])
end

local counted = redis.call('EXISTS', deaths) == 1
if counted then redis.call('HMGET', deaths, '') end
local bytes, full = 0, false

-- What is known of a message: how many of its workers died, what else, and a value.
local function known_of(message)
  if #message > max_length then return '', 'long', #message end
  local digest = counted and redis.sha1hex(message)
  if not digest then return '', '', '' end
  local found = redis.call('HMGET', deaths, digest, 'r' .. digest)
  local unread = tonumber(found[2] or 0)
  if unread >= UNREAD_AFTER then return found[1] or '', 'unread', unread end
  if unread >= ALONE_AFTER then
    if #taken > 0 then return nil end
    full = true
  end
  if unread > 0 then return found[1] or '', 'again', digest end
  return found[1] or '', '', ''
end

for list = 1, #KEYS - 6 do
  -- One by one, because a few may be all that the script may return.
  local from = 0
  while not full and #taken < room do
    -- The last one is the next.
    local message = redis.call('LINDEX', KEYS[6 + list], -1 - from)
    if not message then break end
    local died, note, value = known_of(message)
    local is_returned = note ~= 'long' and note ~= 'unread'
    if not died or (is_returned and #taken > 0 and bytes + #message > budget) then
      full = true
      break
    end
    from = from + 1
    local tag = prefix .. string.format('%06d', #taken)
    redis.call('HSET', held, tag, string.char(48 + list) .. message)
    redis.call('ZADD', leases, now + lease, tag)
    if is_returned then bytes = bytes + #message end
    taken[#taken + 1] = { tag, list, is_returned and message or '', died, note, tostring(value) }
  end
  if from > 0 then redis.call('LTRIM', KEYS[6 + list], 0, -from - 1) end
  if full then break end
end
return taken
