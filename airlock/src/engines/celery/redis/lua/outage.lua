-- Begins the scripts that end or extend leases.
--
-- The first call after an outage extends all leases: where no worker has called for half of a lease, the others could
-- not, and get the time to say that they live. The clock may have been set back as well.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function extend_after_outage(seen, leases, lease)
  local last = tonumber(redis.call('GET', seen) or '')
  local set_back = last and last > now + 1000
  if not last or set_back or now - last > lease / 2 then
    for _, tag in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
      redis.call('ZADD', leases, 'XX', set_back and 'CH' or 'GT', now + lease, tag)
    end
  end
  -- It need not outlive the leases.
  redis.call('SET', seen, now, 'PX', lease * 10)
end

