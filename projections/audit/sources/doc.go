// Package sources lets an audit read a platform: its topic and dead letters
// with the bus, its table with the lake, its records by the mapping of its
// books.
package sources
