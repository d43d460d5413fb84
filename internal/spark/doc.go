// Package spark runs SQL over the lake's tables with spark-submit and reads
// the rows back as text. It knows no table and no question: those are the
// caller's. Spark itself, and Iceberg's runtime for it, are the user's.
package spark
