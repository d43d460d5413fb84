package k2

import "github.com/k2-platform/faultline/spec"

// tradesMapping says how the sink stores a TradeV2: each field in the column of
// its name, lists and maps as JSON.
func tradesMapping(a Addresses) *spec.Mapping {
	m := &spec.Mapping{Format: spec.FormatAvro, Registry: a.registry(), Subject: tradesSubject, Key: []string{"trade_id"}}
	for _, f := range []struct{ field, as string }{
		{"message_id", spec.AsText},
		{"trade_id", spec.AsText},
		{"symbol", spec.AsText},
		{"exchange", spec.AsText},
		{"asset_class", spec.AsEnum},
		{"timestamp", spec.AsInstant},
		{"price", spec.AsDecimal},
		{"quantity", spec.AsDecimal},
		{"currency", spec.AsText},
		{"side", spec.AsEnum},
		{"trade_conditions", spec.AsJSONText},
		{"source_sequence", spec.AsInt},
		{"ingestion_timestamp", spec.AsInstant},
		{"platform_sequence", spec.AsInt},
		{"vendor_data", spec.AsJSONText},
	} {
		field := spec.MappedField{Field: f.field, Column: f.field, Type: f.as}
		if f.as == spec.AsDecimal {
			field.Scale = new(8)
		}
		m.Fields = append(m.Fields, field)
	}
	return m
}
