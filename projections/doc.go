// Package projections turns the chaos log into Iceberg tables in namespace
// chaos. Each table has a file with its row, its columns and the pure function
// from a batch or tick to rows; the Set appends rows and next offsets in one
// snapshot per table; the Follower reads the log into a Set.
package projections
