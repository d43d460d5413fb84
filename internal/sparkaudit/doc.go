// Package sparkaudit checks a table of trades where it lies: the checks are SQL
// that an engine runs, so that only their rows travel. It is for tables that
// outgrow one machine. What was produced it does not read: the log's side of a
// sum is the caller's to bring.
package sparkaudit
