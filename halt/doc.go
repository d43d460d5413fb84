// Package halt is what must work when Kafka does not, over NATS: the stop of
// everything, requests to agents, leases, who owns the experiments, and the
// outbox that reports wait in. It knows neither Kafka nor rules nor tables,
// and decides nothing about experiments.
package halt
