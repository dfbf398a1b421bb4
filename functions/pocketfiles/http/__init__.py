"""HTTP's values and rules, without any gateway: messages, queries, conditions, ranges, headers, CORS."""
