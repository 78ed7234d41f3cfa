"""The OpenAPI 3.1 description, made from the route table and the structs that it names."""
