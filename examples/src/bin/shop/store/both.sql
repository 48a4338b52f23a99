CREATE INDEX IF NOT EXISTS shop_requests_of_an_order ON shop_requests (order_id);

INSERT INTO shop_stock (item, remaining) VALUES ('kettle', 500), ('lamp', 3), ('teapot', 1000000)
ON CONFLICT DO NOTHING;
