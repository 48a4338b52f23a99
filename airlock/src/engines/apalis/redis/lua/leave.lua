-- ARGV: the worker's name.
for _, queue in ipairs(queues) do
  try(queue, ARGV[1])
  dismiss(queue, ARGV[1])
end
