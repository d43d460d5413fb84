// Package receipts lets a producer say what became of each record that it was
// to send, so that Faultline's books can tell a record that was lost from one
// that never left. It keeps a book on disk and serves it over HTTP; it knows no
// Kafka client and needs the standard library alone.
//
// The protocol is two calls. GET /position is a Position as JSON. GET
// /receipts?from=A&to=B is the receipts of those numbers in order, without a
// hole, as JSON lines, at most 100,000 of them; whoever wants more asks again.
// A receipt has the members of Fate, and beside them the natural key of the
// record and the columns that the books compare, by their names in the table,
// as text:
//
//	{"seq":7,"state":"acked","partition":3,"offset":4711,"trade_id":"ASX-BHP-7","price":"36.66700000"}
package receipts
