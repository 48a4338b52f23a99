-- Returns dead letters, the oldest first: of each the id, since when, the letter or '' where Redis has removed it, how long
-- its message is or -1 where Redis has removed that, and the message, unless it is too long.
--
-- KEYS: dead letters, since when they are, and their messages. ARGV: since when, how many of these to pass over, how
-- many at most, how many bytes at most, but for the first, and how long a message may be.
local letters, since, messages = unpack(KEYS)
local budget, max_length = tonumber(ARGV[4]), tonumber(ARGV[5])
local bytes, found = 0, {}
local ids = redis.call('ZRANGEBYSCORE', since, ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', ARGV[2], ARGV[3])
for place = 1, #ids, 2 do
  local id = ids[place]
  local length = redis.call('HEXISTS', messages, id) == 1 and redis.call('HSTRLEN', messages, id) or -1
  local is_read = length >= 0 and length <= max_length
  bytes = bytes + redis.call('HSTRLEN', letters, id) + (is_read and length or 0)
  if bytes > budget and #found > 0 then break end
  found[#found + 1] = {
    id, ids[place + 1], redis.call('HGET', letters, id) or '', length, is_read and redis.call('HGET', messages, id) or ''
  }
end
return found
