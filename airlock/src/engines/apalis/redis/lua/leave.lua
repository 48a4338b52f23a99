-- ARGV: the worker's name.
for _, queue in ipairs(queues) do
  dismiss(queue, ARGV[1])
end
