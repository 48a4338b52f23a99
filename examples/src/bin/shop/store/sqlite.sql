CREATE TABLE IF NOT EXISTS shop_orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL,
    item TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    state TEXT NOT NULL,
    placed_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS shop_stock (
    item TEXT PRIMARY KEY,
    remaining INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS shop_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    order_id INTEGER,
    outcome TEXT NOT NULL,
    effects TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS shop_requests_of_an_order ON shop_requests (order_id);

INSERT INTO shop_stock (item, remaining) VALUES ('kettle', 500), ('lamp', 3), ('teapot', 1000000)
ON CONFLICT DO NOTHING;
