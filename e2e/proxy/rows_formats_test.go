package proxy_test

// formatRows are the faults of the inside of records that are Avro or
// Protobuf, by the schema of a registry.
func formatRows() (out []row) {
	for _, by := range []string{avro, protobuf} {
		for _, change := range []string{
			"field_swap fields=n,quantity", "price_value_swap", "truncate", "wrong_schema_id", "wrong_type fields=price", "timestamp_shift by=-1h fields=at", "new_field",
		} {
			out = append(out, row{fault: "kafka.corrupt type=" + change + " every=5", by: by, sees: all("other value")})
		}
		for _, change := range []string{"price_value_swap", "wrong_schema_id", "timestamp_shift by=-1h fields=at"} {
			out = append(out, row{fault: "kafka.corrupt type=" + change + " direction=produce every=5", by: by, sees: all("stored otherwise")})
		}
	}
	return out
}
