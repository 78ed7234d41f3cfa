-- Rows as the program of this schema wrote them. Bytes are marked by BYTES, since SQLite and Postgres
-- have no notation in common.

INSERT INTO server_state (name, value) VALUES
('set-up', '2026-11-24T14:04:50.103Z'),
('signing-secret', 'EFoxU3PC4QD7PTjbetxSEG4kdIjb7ZpqEems8bbeY2F');

INSERT INTO users (id, email, name, phone, created_at) VALUES
('1j10oopiu3ceri6st5265oue', 'owner@example.org', 'Olga', NULL, '2026-11-24T14:04:50.103Z'),
('1j10oopjif8tqmeh8mu5tesp', 'ben@example.org', 'ben', '+44 20 7946 0000', '2026-11-24T14:04:50.124Z'),
('1j10oopjj5008vujduui6gan', 'vera@example.org', 'vera', NULL, '2026-11-24T14:04:50.124Z');

INSERT INTO groups (id, name, created_at) VALUES
('1j10oopitv3idgc1qphk2ruh', 'Family', '2026-11-24T14:04:50.103Z'),
('1j10oopjtc6s13eme80f04f1', 'Friends', '2026-11-24T14:04:50.135Z');

INSERT INTO group_members (group_id, user_id, role, created_at) VALUES
('1j10oopitv3idgc1qphk2ruh', '1j10oopiu3ceri6st5265oue', 'owner', '2026-11-24T14:04:50.103Z'),
('1j10oopitv3idgc1qphk2ruh', '1j10oopjif8tqmeh8mu5tesp', 'editor', '2026-11-24T14:04:50.124Z'),
('1j10oopitv3idgc1qphk2ruh', '1j10oopjj5008vujduui6gan', 'viewer', '2026-11-24T14:04:50.124Z');

INSERT INTO api_keys (id, hash, user_id, name, scopes, rate_limit, expires_at, revoked_at, created_at) VALUES
('1j10oopiu72lupnijhohni9a', '4dd205623107836cb862a846dcf292a2ae3cd2f21776c4fee3a2af23dca5e696', '1j10oopiu3ceri6st5265oue', 'first key', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, NULL, '2026-11-24T14:04:50.103Z'),
('1j10oopjihclhgmutnuak8tm', '1beb302d3632eeb1ebc968143d3354be825feb3d525cae9fb22298e477231a7c', '1j10oopjif8tqmeh8mu5tesp', 'ben', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, NULL, '2026-11-24T14:04:50.124Z'),
('1j10oopjj6kot8q44ovpnr5b', '682444f67333d404935a032c36d98b13d2b988facf1ce1735967b622d2283e35', '1j10oopjj5008vujduui6gan', 'vera', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, NULL, '2026-11-24T14:04:50.125Z'),
('1j10oopjtctp39825l777gqb', '45561381ec4512989f07058735e52c44cf1c27ab35e044bf91cc982b9df1b5af', '1j10oopjif8tqmeh8mu5tesp', 'agent', '["trips:read:1j10oopj5qgpn7ehotqcim20"]', 600, '2099-01-01T00:00:00.000Z', NULL, '2026-11-24T14:04:50.135Z'),
('1j10oopjtfdd08h7s8gt32ch', 'e5207062526338b9b8b5670f3588417ccddf97da69d21e6159339477d1f9da9b', '1j10oopjj5008vujduui6gan', 'lost', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, '2026-11-24T14:04:50.135Z', '2026-11-24T14:04:50.135Z');

INSERT INTO trips (id, group_id, rev, doc) VALUES
('1j10oopj5qgpn7ehotqcim20', '1j10oopitv3idgc1qphk2ruh', 14, '{"_id":"1j10oopj5qgpn7ehotqcim20","groupId":"1j10oopitv3idgc1qphk2ruh","title":"Cotswolds","startDate":"2026-07-15","endDate":"2026-07-22","status":"draft","createdBy":"1j10oopiu3ceri6st5265oue","createdAt":"2026-11-24T14:04:50.110Z","updatedAt":"2026-11-24T14:04:50.110Z"}'),
('1j10oopjssug57q0utbbjugn', '1j10oopitv3idgc1qphk2ruh', 1, '{"_id":"1j10oopjssug57q0utbbjugn","groupId":"1j10oopitv3idgc1qphk2ruh","title":"Cotswolds","startDate":"2026-07-15","endDate":"2026-07-22","status":"draft","createdBy":"1j10oopiu3ceri6st5265oue","createdAt":"2026-11-24T14:04:50.134Z","updatedAt":"2026-11-24T14:04:50.134Z"}');

INSERT INTO items (trip_id, kind, parent_id, sort_key, id, client_ref, rev, doc) VALUES
('1j10oopj5qgpn7ehotqcim20', 'actionItem', '', '', '1j10oopjkkgfonfq8vspk5ls', NULL, 8, '{"_id":"1j10oopjkkgfonfq8vspk5ls","tripId":"1j10oopj5qgpn7ehotqcim20","text":"Book the train","urgency":"now","owner":"1j10oopjif8tqmeh8mu5tesp","isCompleted":true,"completedAt":"2026-11-24T14:04:50.126Z","createdAt":"2026-11-24T14:04:50.126Z","updatedAt":"2026-11-24T14:04:50.126Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'channel', '', '', '1j10oopj5svq355clkkdt9bn', NULL, 1, '{"_id":"1j10oopj5svq355clkkdt9bn","tripId":"1j10oopj5qgpn7ehotqcim20","name":"general","createdAt":"2026-11-24T14:04:50.110Z","updatedAt":"2026-11-24T14:04:50.110Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'commitment', '', '2026-07-16', '1j10oopjnh59ukkarvksj3r9', NULL, 10, '{"_id":"1j10oopjnh59ukkarvksj3r9","tripId":"1j10oopj5qgpn7ehotqcim20","title":"Birthday","startDate":"2026-07-16","category":"birthday","isAllDay":true,"createdAt":"2026-11-24T14:04:50.129Z","updatedAt":"2026-11-24T14:04:50.129Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'commitment', '', '2026-07-1619:00', '1j10oopjmaslgkf0osqjpsn4', 'event-1', 9, '{"_id":"1j10oopjmaslgkf0osqjpsn4","tripId":"1j10oopj5qgpn7ehotqcim20","title":"Dinner","startDate":"2026-07-16","category":"dinner","startTime":"19:00","legId":"1j10oopjcvvc1ni9eejjv5hh","mapPinId":"1j10oopjh30qmfvanpvrq6dh","clientRef":"event-1","createdAt":"2026-11-24T14:04:50.127Z","updatedAt":"2026-11-24T14:04:50.127Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'leg', '', '3fe0000000000000', '1j10oopjeep5f0pf7shuvfam', NULL, 3, '{"_id":"1j10oopjeep5f0pf7shuvfam","tripId":"1j10oopj5qgpn7ehotqcim20","order":0.5,"title":"Tokyo","destination":"Tokyo","startDate":"2026-07-15","endDate":"2026-07-16","timezone":"Asia/Tokyo","createdAt":"2026-11-24T14:04:50.119Z","updatedAt":"2026-11-24T14:04:50.119Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'leg', '', '3ff0000000000000', '1j10oopjcvvc1ni9eejjv5hh', 'leg-1', 2, '{"_id":"1j10oopjcvvc1ni9eejjv5hh","tripId":"1j10oopj5qgpn7ehotqcim20","order":1,"title":"Kyōto","destination":"Kyoto’s east","startDate":"2026-07-15","endDate":"2026-07-20","timezone":"Asia/Tokyo","accommodation":{"name":"Ryokan","doorCode":"12\\34","ours":{"kept":[1,2.5,null]}},"flights":[{"flightNumber":"JL 44","seat":"12A"}],"rentalCar":{"company":"Toyota"},"clientRef":"leg-1","createdAt":"2026-11-24T14:04:50.112Z","updatedAt":"2026-11-24T14:04:50.112Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'mapPin', '', '', '1j10oopjh30qmfvanpvrq6dh', 'pin-1', 5, '{"_id":"1j10oopjh30qmfvanpvrq6dh","tripId":"1j10oopj5qgpn7ehotqcim20","name":"Sensoji","lat":35.7148,"lng":139.7967,"clientRef":"pin-1","createdAt":"2026-11-24T14:04:50.122Z","updatedAt":"2026-11-24T14:04:50.122Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'mapPin', '', '', '1j10oopjs21sslug62ej5vkl', NULL, 13, '{"_id":"1j10oopjs21sslug62ej5vkl","tripId":"1j10oopj5qgpn7ehotqcim20","name":"Tower","lat":1,"lng":2,"createdAt":"2026-11-24T14:04:50.133Z","updatedAt":"2026-11-24T14:04:50.133Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'mapPin', '', '', '1j10oopk18f14ond0g4fh38i', 'job-pin', 14, '{"_id":"1j10oopk18f14ond0g4fh38i","tripId":"1j10oopj5qgpn7ehotqcim20","name":"By job","lat":3,"lng":4,"clientRef":"job-pin","createdAt":"2026-11-24T14:04:50.139Z","updatedAt":"2026-11-24T14:04:50.139Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'message', '1j10oopj5svq355clkkdt9bn', '', '1j10oopjpasn3at3tahsntul', NULL, 11, '{"_id":"1j10oopjpasn3at3tahsntul","tripId":"1j10oopj5qgpn7ehotqcim20","channelId":"1j10oopj5svq355clkkdt9bn","content":"Who drives? 🚗","createdAt":"2026-11-24T14:04:50.131Z","updatedAt":"2026-11-24T14:04:50.131Z","authorId":"1j10oopiu3ceri6st5265oue"}'),
('1j10oopj5qgpn7ehotqcim20', 'message', '1j10oopj5svq355clkkdt9bn', '', '1j10oopjq8av8eof2u9gdfjm', NULL, 12, '{"_id":"1j10oopjq8av8eof2u9gdfjm","tripId":"1j10oopj5qgpn7ehotqcim20","channelId":"1j10oopj5svq355clkkdt9bn","content":"Not me","parentId":"1j10oopjpasn3at3tahsntul","createdAt":"2026-11-24T14:04:50.132Z","updatedAt":"2026-11-24T14:04:50.132Z","authorId":"1j10oopiu3ceri6st5265oue"}'),
('1j10oopj5qgpn7ehotqcim20', 'stay', '1j10oopjcvvc1ni9eejjv5hh', '', '1j10oopjfssta4b83hjb807c', 'stay-1', 4, '{"_id":"1j10oopjfssta4b83hjb807c","tripId":"1j10oopj5qgpn7ehotqcim20","legId":"1j10oopjcvvc1ni9eejjv5hh","name":"O''Hara''s","notes":"two\nlines; of text","clientRef":"stay-1","createdAt":"2026-11-24T14:04:50.121Z","updatedAt":"2026-11-24T14:04:50.121Z"}'),
('1j10oopjssug57q0utbbjugn', 'channel', '', '', '1j10oopjsu438ifjmfi0iglf', NULL, 1, '{"_id":"1j10oopjsu438ifjmfi0iglf","tripId":"1j10oopjssug57q0utbbjugn","name":"general","createdAt":"2026-11-24T14:04:50.134Z","updatedAt":"2026-11-24T14:04:50.134Z"}');

INSERT INTO links (trip_id, target_id, source_id) VALUES
('1j10oopj5qgpn7ehotqcim20', '1j10oopjcvvc1ni9eejjv5hh', '1j10oopjmaslgkf0osqjpsn4'),
('1j10oopj5qgpn7ehotqcim20', '1j10oopjh30qmfvanpvrq6dh', '1j10oopjmaslgkf0osqjpsn4');

INSERT INTO shares (trip_id, token, created_at) VALUES
('1j10oopj5qgpn7ehotqcim20', 'LG7wxgTqiIWKIE4IcheHqFkKebxypdchvU1n7nalKeS', '2026-11-24T14:04:50.133Z');

INSERT INTO jobs (user_id, id, trip_id, kind, params, payload, status, done, total, attempts, due_at, created_at, started_at, finished_at, result_status, result, error) VALUES
('1j10oopiu3ceri6st5265oue', '1j10oopjudqcl90gto2gftfh', '1j10oopj5qgpn7ehotqcim20', 'sync', '{"kind":"sync"}', NULL, 'succeeded', 1, 1, 1, 1795529100.1377847, '2026-11-24T14:04:50.136Z', '2026-11-24T14:04:50.137Z', '2026-11-24T14:04:50.139Z', 200, '{"dryRun":false,"mapPins":{"created":1,"updated":0,"unchanged":0,"errors":0,"items":[{"index":0,"status":"created","_id":"1j10oopk18f14ond0g4fh38i","clientRef":"job-pin"}]}}', NULL),
('1j10oopiu3ceri6st5265oue', '1j10oopljelt79mgek9bnbug', '1j10oopj5qgpn7ehotqcim20', 'batch', '{"kind":"batch","resource":"stay","parent_id":"1j10oopjcvvc1ni9eejjv5hh"}', NULL, 'failed', 0, 1, 1, 1795529100.1916096, '2026-11-24T14:04:50.190Z', '2026-11-24T14:04:50.191Z', '2026-11-24T14:04:50.192Z', 500, NULL, '{"code":"INTERNAL","message":"Something went wrong on the server"}'),
('1j10oopiu3ceri6st5265oue', '1j10oopljf9llilseeka9fjl', '1j10oopj5qgpn7ehotqcim20', 'batch', '{"kind":"batch","resource":"stay","parent_id":"1j10oopjcvvc1ni9eejjv5hh"}', BYTES'{"items":[{"name":"É","clientRef":"1j10oopljf9llilseeka9fjl"}]}', 'running', 0, 1, 1, 1795529100.1927898, '2026-11-24T14:04:50.192Z', '2026-11-24T14:04:50.192Z', NULL, NULL, NULL, NULL),
('1j10oopiu3ceri6st5265oue', '1j10oopljfetu73qvlrvtaf4', '1j10oopj5qgpn7ehotqcim20', 'batch', '{"kind":"batch","resource":"stay","parent_id":"1j10oopjcvvc1ni9eejjv5hh"}', BYTES'{"items":[{"name":"É","clientRef":"1j10oopljfetu73qvlrvtaf4"}]}', 'queued', 0, 1, 0, 1795532690.193109, '2026-11-24T14:04:50.193Z', NULL, NULL, NULL, NULL, NULL);

INSERT INTO idempotency (api_key_id, idempotency_key, fingerprint, status, headers, body, job_id, created_at) VALUES
('1j10oopiu72lupnijhohni9a', 'settled', 'bbee628a0205d8337e7fb6429134ee04ac5751abcd47802aa7048273bf133f6f', 201, '{"ETag":"\"13\""}', BYTES'{"_id":"1j10oopjs21sslug62ej5vkl","tripId":"1j10oopj5qgpn7ehotqcim20","name":"Tower","lat":1,"lng":2,"createdAt":"2026-11-24T14:04:50.133Z","updatedAt":"2026-11-24T14:04:50.133Z"}', NULL, 1795529090.133856),
('1j10oopiu72lupnijhohni9a', 'job-settled', 'c781178babcffe5a530da825ab0937eea7cd204a1235f822521c8b8f054f13a5', 202, '{"Location":"/api/v1/jobs/1j10oopjudqcl90gto2gftfh","Preference-Applied":"respond-async"}', BYTES'{"_id":"1j10oopjudqcl90gto2gftfh","kind":"sync","tripId":"1j10oopj5qgpn7ehotqcim20","status":"queued","progress":{"done":0,"total":1},"attempts":0,"createdAt":"2026-11-24T14:04:50.136Z"}', '1j10oopjudqcl90gto2gftfh', 1795529090.136356),
('1j10oopiu72lupnijhohni9a', 'job-open', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', NULL, NULL, NULL, '1j10oopljfetu73qvlrvtaf4', 1795529090.193145),
('1j10oopiu72lupnijhohni9a', 'no-body', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 204, '{}', BYTES'', NULL, 1795529090.1934738),
('1j10oopiu72lupnijhohni9a', 'job-result', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 200, '{}', NULL, '1j10oopjudqcl90gto2gftfh', 1795529090.194);
