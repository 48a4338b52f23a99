-- Pushes messages without unique keys. KEYS: their list. ARGV, for each message: its id, and the body.
--
-- The bodies come first, because a worker that sees an id looks for its body. Redis does not undo what a script did
-- before an error, so where the ids can't be pushed the bodies are removed.
local list, bodies = KEYS[1], KEYS[1] .. '.msgs'
local ids = {}
for i = 1, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end

-- Lua's stack holds about 8,000 values: more in one call is "too many results to unpack".
local function in_pieces(command, key, values)
  for first = 1, #values, 1000 do
    redis.call(command, key, unpack(values, first, math.min(first + 999, #values)))
  end
end

in_pieces('HSET', bodies, ARGV)
local pushed, said = pcall(in_pieces, 'RPUSH', list, ids)
if not pushed then
  pcall(in_pieces, 'HDEL', bodies, ids)
  error(said)
end
