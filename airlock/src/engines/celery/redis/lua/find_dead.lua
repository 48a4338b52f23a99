-- Returns of a dead letter: since when it is one, the letter or '' where Redis has removed it, how long its message is or
-- -1 where Redis has removed that, and the message, unless it is too long; nothing where there is no such letter. KEYS: dead
-- letters, since when they are, and their messages. ARGV: the id, and how long a message may be.
local letters, since, messages = unpack(KEYS)
local id, max_length = ARGV[1], tonumber(ARGV[2])
local letter, dead_since = redis.call('HGET', letters, id), redis.call('ZSCORE', since, id)
if not letter and not dead_since then return false end
local length = redis.call('HEXISTS', messages, id) == 1 and redis.call('HSTRLEN', messages, id) or -1
local is_read = length >= 0 and length <= max_length
return { dead_since or '', letter or '', length, is_read and redis.call('HGET', messages, id) or '' }
