// Package lake stores rows in Iceberg tables through typed columns, each
// append together with the source offsets that it covers. It knows nothing of
// Kafka or of what the rows mean, and it is the only importer of iceberg-go
// and arrow.
package lake
