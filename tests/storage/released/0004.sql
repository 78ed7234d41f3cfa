-- Rows as the program of this schema wrote them. Bytes are marked by BYTES or, in hex, by HEX, since
-- SQLite and Postgres have no notation in common.

INSERT INTO server_state (name, value) VALUES
('set-up', '2026-11-24T14:30:00.779Z'),
('signing-secret', 'zjdfc1ec44xYsWyhsr7Wyg9WkQrUHqn1493ZinkIs2d');

INSERT INTO users (id, email, name, phone, created_at) VALUES
('1j10q5q93mo14bttaasqajb6', 'owner@example.org', 'Olga', NULL, '2026-11-24T14:30:00.779Z'),
('1j10q5qblqjd3hu08efopcir', 'ben@example.org', 'ben', '+44 20 7946 0000', '2026-11-24T14:30:00.863Z'),
('1j10q5qbt9u7jmkurvai8erq', 'vera@example.org', 'vera', NULL, '2026-11-24T14:30:00.871Z');

INSERT INTO groups (id, name, created_at) VALUES
('1j10q5q93kc0ppkck0qs68vq', 'Family', '2026-11-24T14:30:00.779Z'),
('1j10q5qcnmi2oep1pl9h7qpj', 'Friends', '2026-11-24T14:30:00.898Z');

INSERT INTO group_members (group_id, user_id, role, created_at) VALUES
('1j10q5q93kc0ppkck0qs68vq', '1j10q5q93mo14bttaasqajb6', 'owner', '2026-11-24T14:30:00.779Z'),
('1j10q5q93kc0ppkck0qs68vq', '1j10q5qblqjd3hu08efopcir', 'editor', '2026-11-24T14:30:00.863Z'),
('1j10q5q93kc0ppkck0qs68vq', '1j10q5qbt9u7jmkurvai8erq', 'viewer', '2026-11-24T14:30:00.871Z');

INSERT INTO api_keys (id, hash, user_id, name, scopes, rate_limit, expires_at, revoked_at, created_at) VALUES
('1j10q5q93pl57kif5qlu11sg', '4dd205623107836cb862a846dcf292a2ae3cd2f21776c4fee3a2af23dca5e696', '1j10q5q93mo14bttaasqajb6', 'first key', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, NULL, '2026-11-24T14:30:00.779Z'),
('1j10q5qbltfht0c06o2uvmb3', 'aebd4c938a934ac819afff01287f4fd7c199df093c472cc9d1233dc716ac8098', '1j10q5qblqjd3hu08efopcir', 'ben', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, NULL, '2026-11-24T14:30:00.863Z'),
('1j10q5qbtcikpmb5fo1dnfln', '6f2079b249b3201caed02ebc88e75adff4bb6427e61fa50e711ecb41a49c9e07', '1j10q5qbt9u7jmkurvai8erq', 'vera', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, NULL, '2026-11-24T14:30:00.871Z'),
('1j10q5qcgqe248rq1iinto8k', 'eff336ef7f3f87aba9ff6e8b6d6f1f8ad570d26b92a624a61c8abe4cedb72230', '1j10q5qblqjd3hu08efopcir', 'agent', '["trips:read:1j10oopj5qgpn7ehotqcim20"]', 600, '2099-01-01T00:00:00.000Z', NULL, '2026-11-24T14:30:00.891Z'),
('1j10q5qckr9co616e4u7vg6l', 'dac4898962133d9162c8adecd19d2003bea5b06604708b6872c4e36f2725f9f5', '1j10q5qbt9u7jmkurvai8erq', 'lost', '["trips:read","trips:write","messages:read","messages:write"]', NULL, NULL, '2026-11-24T14:30:00.897Z', '2026-11-24T14:30:00.895Z');

INSERT INTO trips (id, group_id, rev, doc) VALUES
('1j10oopj5qgpn7ehotqcim20', '1j10q5q93kc0ppkck0qs68vq', 14, '{"_id":"1j10oopj5qgpn7ehotqcim20","groupId":"1j10q5q93kc0ppkck0qs68vq","title":"Cotswolds","startDate":"2026-07-15","endDate":"2026-07-22","status":"draft","createdBy":"1j10q5q93mo14bttaasqajb6","createdAt":"2026-11-24T14:30:00.791Z","updatedAt":"2026-11-24T14:30:00.791Z"}'),
('1j10q5qcg3n3qu42fsudq3rh', '1j10q5q93kc0ppkck0qs68vq', 1, '{"_id":"1j10q5qcg3n3qu42fsudq3rh","groupId":"1j10q5q93kc0ppkck0qs68vq","title":"Cotswolds","startDate":"2026-07-15","endDate":"2026-07-22","status":"draft","createdBy":"1j10q5q93mo14bttaasqajb6","createdAt":"2026-11-24T14:30:00.890Z","updatedAt":"2026-11-24T14:30:00.890Z"}');

INSERT INTO items (trip_id, kind, parent_id, sort_key, id, client_ref, rev, doc) VALUES
('1j10oopj5qgpn7ehotqcim20', 'actionItem', '', '', '1j10q5qbv76hafgujamv8hru', NULL, 8, '{"_id":"1j10q5qbv76hafgujamv8hru","tripId":"1j10oopj5qgpn7ehotqcim20","text":"Book the train","urgency":"now","owner":"1j10q5qblqjd3hu08efopcir","isCompleted":true,"completedAt":"2026-11-24T14:30:00.872Z","createdAt":"2026-11-24T14:30:00.872Z","updatedAt":"2026-11-24T14:30:00.872Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'channel', '', '', '1j10q5q9g1m9dsgbu7agui7f', NULL, 1, '{"_id":"1j10q5q9g1m9dsgbu7agui7f","tripId":"1j10oopj5qgpn7ehotqcim20","name":"general","createdAt":"2026-11-24T14:30:00.791Z","updatedAt":"2026-11-24T14:30:00.791Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'commitment', '', '2026-07-16', '1j10q5qc5qvo3bp4f429vviv', NULL, 10, '{"_id":"1j10q5qc5qvo3bp4f429vviv","tripId":"1j10oopj5qgpn7ehotqcim20","title":"Birthday","startDate":"2026-07-16","category":"birthday","isAllDay":true,"createdAt":"2026-11-24T14:30:00.879Z","updatedAt":"2026-11-24T14:30:00.879Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'commitment', '', '2026-07-1619:00', '1j10q5qc2a60d49vbu3q5k7e', 'event-1', 9, '{"_id":"1j10q5qc2a60d49vbu3q5k7e","tripId":"1j10oopj5qgpn7ehotqcim20","title":"Dinner","startDate":"2026-07-16","category":"dinner","startTime":"19:00","legId":"1j10q5qacj1r5k3m39bt85g3","mapPinId":"1j10q5qbe6sg2skum4l8mog5","clientRef":"event-1","createdAt":"2026-11-24T14:30:00.875Z","updatedAt":"2026-11-24T14:30:00.875Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'leg', '', '3fe0000000000000', '1j10q5qanikqpb28k8otl8k4', NULL, 3, '{"_id":"1j10q5qanikqpb28k8otl8k4","tripId":"1j10oopj5qgpn7ehotqcim20","order":0.5,"title":"Tokyo","destination":"Tokyo","startDate":"2026-07-15","endDate":"2026-07-16","timezone":"Asia/Tokyo","createdAt":"2026-11-24T14:30:00.832Z","updatedAt":"2026-11-24T14:30:00.832Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'leg', '', '3ff0000000000000', '1j10q5qacj1r5k3m39bt85g3', 'leg-1', 2, '{"_id":"1j10q5qacj1r5k3m39bt85g3","tripId":"1j10oopj5qgpn7ehotqcim20","order":1,"title":"Kyōto","destination":"Kyoto’s east","startDate":"2026-07-15","endDate":"2026-07-20","timezone":"Asia/Tokyo","accommodation":{"name":"Ryokan","doorCode":"12\\34","ours":{"kept":[1,2.5,null]}},"flights":[{"flightNumber":"NH212","departureTime":"2026-07-15T09:00"}],"clientRef":"leg-1","createdAt":"2026-11-24T14:30:00.797Z","updatedAt":"2026-11-24T14:30:00.797Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'mapPin', '', '', '1j10q5qbe6sg2skum4l8mog5', 'pin-1', 5, '{"_id":"1j10q5qbe6sg2skum4l8mog5","tripId":"1j10oopj5qgpn7ehotqcim20","name":"Sensoji","lat":35.7148,"lng":139.7967,"clientRef":"pin-1","createdAt":"2026-11-24T14:30:00.855Z","updatedAt":"2026-11-24T14:30:00.855Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'mapPin', '', '', '1j10q5qcdnp0l3mhnhd21rt0', NULL, 13, '{"_id":"1j10q5qcdnp0l3mhnhd21rt0","tripId":"1j10oopj5qgpn7ehotqcim20","name":"Tower","lat":1,"lng":2,"createdAt":"2026-11-24T14:30:00.887Z","updatedAt":"2026-11-24T14:30:00.887Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'mapPin', '', '', '1j10q5qdd6move9r4lre0u3l', 'job-pin', 14, '{"_id":"1j10q5qdd6move9r4lre0u3l","tripId":"1j10oopj5qgpn7ehotqcim20","name":"By job","lat":3,"lng":4,"clientRef":"job-pin","createdAt":"2026-11-24T14:30:00.919Z","updatedAt":"2026-11-24T14:30:00.919Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'message', '1j10q5q9g1m9dsgbu7agui7f', '', '1j10q5qcaf6mkcr6qq83borh', NULL, 11, '{"_id":"1j10q5qcaf6mkcr6qq83borh","tripId":"1j10oopj5qgpn7ehotqcim20","channelId":"1j10q5q9g1m9dsgbu7agui7f","content":"Who drives? 🚗","authorId":"1j10q5q93mo14bttaasqajb6","createdAt":"2026-11-24T14:30:00.884Z","updatedAt":"2026-11-24T14:30:00.884Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'message', '1j10q5q9g1m9dsgbu7agui7f', '', '1j10q5qcboohr4q0nmnq77tn', NULL, 12, '{"_id":"1j10q5qcboohr4q0nmnq77tn","tripId":"1j10oopj5qgpn7ehotqcim20","channelId":"1j10q5q9g1m9dsgbu7agui7f","content":"Not me","parentId":"1j10q5qcaf6mkcr6qq83borh","authorId":"1j10q5q93mo14bttaasqajb6","createdAt":"2026-11-24T14:30:00.885Z","updatedAt":"2026-11-24T14:30:00.885Z"}'),
('1j10oopj5qgpn7ehotqcim20', 'stay', '1j10q5qacj1r5k3m39bt85g3', '', '1j10q5qb22k5uf9mrse0647s', 'stay-1', 4, '{"_id":"1j10q5qb22k5uf9mrse0647s","tripId":"1j10oopj5qgpn7ehotqcim20","legId":"1j10q5qacj1r5k3m39bt85g3","name":"O''Hara''s","notes":"two\nlines; of text","clientRef":"stay-1","createdAt":"2026-11-24T14:30:00.837Z","updatedAt":"2026-11-24T14:30:00.837Z"}'),
('1j10q5qcg3n3qu42fsudq3rh', 'channel', '', '', '1j10q5qcg4kgk4rvbmvh7bfq', NULL, 1, '{"_id":"1j10q5qcg4kgk4rvbmvh7bfq","tripId":"1j10q5qcg3n3qu42fsudq3rh","name":"general","createdAt":"2026-11-24T14:30:00.890Z","updatedAt":"2026-11-24T14:30:00.890Z"}');

INSERT INTO links (trip_id, target_id, source_id) VALUES
('1j10oopj5qgpn7ehotqcim20', '1j10q5qacj1r5k3m39bt85g3', '1j10q5qc2a60d49vbu3q5k7e'),
('1j10oopj5qgpn7ehotqcim20', '1j10q5qbe6sg2skum4l8mog5', '1j10q5qc2a60d49vbu3q5k7e');

INSERT INTO shares (trip_id, token, created_at) VALUES
('1j10oopj5qgpn7ehotqcim20', '2pFZVPZVrKSEBYYKvYLJzycSpTtI8UB4uXdx9qXs2yz', '2026-11-24T14:30:00.887Z');

INSERT INTO jobs (user_id, id, trip_id, kind, params, payload, status, done, total, attempts, due_at, created_at, started_at, finished_at, result_status, result, error, packed_result) VALUES
('1j10q5q93mo14bttaasqajb6', '1j10q5qd2tlpddo7utojss7g', '1j10oopj5qgpn7ehotqcim20', 'sync', '{"kind":"sync"}', NULL, 'succeeded', 1, 1, 1, 1795530610.91718, '2026-11-24T14:30:00.900Z', '2026-11-24T14:30:00.917Z', '2026-11-24T14:30:00.920Z', 200, NULL, NULL, HEX'785e05c15b0ac2301005d0bddcef11527c80b30af157446266aa2969da4e12514af7ee392bc47ed796c1bd4f4509a39f2f3117f08a60eaab0ab823b4597c55013b42cbe1edf34b05ec086a3659013b42ac3a16f06d45cca25fb02394ea6b2b6004535f5540784401a31b3ab71c1791d3387df46c8764eada3e811052d45cafda83314ccfdd1c33b6fbb6fd015f5538f3'),
('1j10q5q93mo14bttaasqajb6', '1j10q5qe1a8noh47697l0t0n', '1j10oopj5qgpn7ehotqcim20', 'batch', '{"kind":"batch","resource":"stay","parent_id":"1j10q5qacj1r5k3m39bt85g3"}', NULL, 'failed', 0, 1, 1, 1795530610.9415357, '2026-11-24T14:30:00.941Z', '2026-11-24T14:30:00.941Z', '2026-11-24T14:30:00.941Z', 500, NULL, '{"code":"INTERNAL","message":"Something went wrong on the server"}', NULL),
('1j10q5q93mo14bttaasqajb6', '1j10q5qe2jsi6rljgc990b2f', '1j10oopj5qgpn7ehotqcim20', 'batch', '{"kind":"batch","resource":"stay","parent_id":"1j10q5qacj1r5k3m39bt85g3"}', HEX'785eab56ca2c49cd2d56b28aae56ca4bcc4d55b2523adca9a4a3949c93999a5712949aa664a56498656850685a986a94559c69569493959e6c6969906494a6541b5b0b00ba461556', 'running', 0, 1, 1, 1795530610.94263, '2026-11-24T14:30:00.942Z', '2026-11-24T14:30:00.942Z', NULL, NULL, NULL, NULL, NULL),
('1j10q5q93mo14bttaasqajb6', '1j10q5qe39gmqp40jiunuc1u', '1j10oopj5qgpn7ehotqcim20', 'batch', '{"kind":"batch","resource":"stay","parent_id":"1j10q5qacj1r5k3m39bt85g3"}', HEX'785eab56ca2c49cd2d56b28aae56ca4bcc4d55b2523adca9a4a3949c93999a5712949aa664a56498656850685a986a6c999e5b5860629095599a579a6c58aa541b5b0b00bac215b3', 'queued', 0, 1, 0, 1795532300.9428937, '2026-11-24T14:30:00.942Z', NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO idempotency (api_key_id, idempotency_key, fingerprint, status, headers, body, job_id, created_at) VALUES
('1j10q5q93pl57kif5qlu11sg', 'settled', '3235d291eb8c5ff7f6d6b9684663788e01826df2ff2540d92c2b571c105bfcce', 201, '{"ETag":"\"13\""}', BYTES'{"_id":"1j10q5qcdnp0l3mhnhd21rt0","tripId":"1j10oopj5qgpn7ehotqcim20","name":"Tower","lat":1,"lng":2,"createdAt":"2026-11-24T14:30:00.887Z","updatedAt":"2026-11-24T14:30:00.887Z"}', NULL, 1795530600.88798),
('1j10q5q93pl57kif5qlu11sg', 'job-settled', '3cd03f141b16931ed071a21e676baa9c9ba523871d20dcbe239d245404b726c2', 202, '{"Location":"/api/v1/jobs/1j10q5qd2tlpddo7utojss7g","Preference-Applied":"respond-async"}', BYTES'{"_id":"1j10q5qd2tlpddo7utojss7g","kind":"sync","tripId":"1j10oopj5qgpn7ehotqcim20","status":"queued","progress":{"done":0,"total":1},"attempts":0,"createdAt":"2026-11-24T14:30:00.900Z"}', '1j10q5qd2tlpddo7utojss7g', 1795530600.900024),
('1j10q5q93pl57kif5qlu11sg', 'job-open', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', NULL, NULL, NULL, '1j10q5qe39gmqp40jiunuc1u', 1795530600.943396),
('1j10q5q93pl57kif5qlu11sg', 'no-body', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 204, '{}', BYTES'', NULL, 1795530600.943438),
('1j10q5q93pl57kif5qlu11sg', 'job-result', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 200, '{}', NULL, '1j10q5qd2tlpddo7utojss7g', 1795530600.9434578);
