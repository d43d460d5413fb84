// Package sparkaudit checks a table of trades where it lies: the checks are SQL
// that an engine runs, so that only what they found travels. It is for tables
// that outgrow one machine, and says of a table what the checks that read it
// here say, under the same names. What was produced it does not read: the log's
// side of a sum is the caller's to bring. It knows no digest over all values,
// which engines have no common function for.
package sparkaudit
