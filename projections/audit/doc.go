// Package audit holds a topic against the table that its records end up in, one
// by one, with memory that does not depend on how many there are.
//
//	receipts ─┐                         ┌─ buckets that agree: stored once
//	log ──────┼─ digest per key bucket ─┤
//	table ────┘                         └─ buckets that do not: read again, record by record,
//	dead letters, ground truth ─ places        in groups of bounded size, and put into classes
//
// It knows no Kafka and no Iceberg: who calls it brings the sources. What could
// not be read is in the report, and makes it inconclusive.
package audit
