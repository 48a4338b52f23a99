-- Notes which messages begin, as far as the worker still holds them. KEYS: held and begun. ARGV: their tags. Returns
-- the places of those that it does not hold, counted from 0.
-- Redis allows the writes below also where its memory is full, once something was removed.
redis.call('SREM', KEYS[2], '')
local lost = {}
for place, tag in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[1], tag) == 1 then
    redis.call('SADD', KEYS[2], tag)
  else
    lost[#lost + 1] = place - 1
  end
end
return lost
