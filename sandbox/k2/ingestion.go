package k2

import (
	"net/http"
	"time"

	"github.com/k2-platform/faultline/spec"
)

const (
	// newField is one that trades may get: TradeV2 does not have it.
	newField = "settlement_date"
	// moment is a window short enough to tell one step of an experiment from the
	// next.
	moment = spec.Duration(3 * time.Second)
)

// Trades as a client of ingestion posts them. Their symbol is traded nowhere
// else, and so has a price band of its own.
const (
	oldTrade      = `{"symbol":"PROBE","price":"10.00","quantity":"1"}`
	newTrade      = `{"symbol":"PROBE","price":"10.00","quantity":"1","` + newField + `":"2026-11-27"}`
	criticalTrade = `{"symbol":"PROBE","price":"10.00","quantity":"1","priority":"high"}`
	// unfit is a schema of trades with a field that no stored trade has.
	unfit = `{"schema":"{\"type\":\"record\",\"name\":\"TradeV2\",\"namespace\":\"com.k2.marketdata\",` +
		`\"fields\":[{\"name\":\"never_sent\",\"type\":\"string\"}]}"}`
)

// The kinds of answers that are counted.
const (
	acknowledged = "acknowledged"
	refused      = "refused"
	known        = "known"
)

// ingestionProbes are clients that send trades, and two that ask the registry:
// for what it has, and for what it would take.
func ingestionProbes(a Addresses) map[string]spec.Probe {
	post := func(body string) spec.Probe {
		return spec.Probe{URL: "http://" + a.Ingest + "/v1/trades", Post: body, Timeout: moment, Window: moment, Answers: map[string]spec.Answer{
			acknowledged: {Status: http.StatusOK, Contains: `"acknowledged":true`},
			refused:      {Status: http.StatusUnprocessableEntity, Contains: `"schema_validation"`},
		}}
	}
	ask := func(path, body, kind, contains string) spec.Probe {
		return spec.Probe{URL: a.registry() + path, Post: body, Timeout: moment, Window: moment, Answers: map[string]spec.Answer{
			kind: {Status: http.StatusOK, Contains: contains},
		}}
	}
	unfitProbe := ask("/compatibility/subjects/"+tradesSubject+"/versions/latest", unfit, refused, `"is_compatible":false`)
	unfitProbe.Window = window // the level is lowered for a moment, when a version is forced in
	return map[string]spec.Probe{
		"old_trade": post(oldTrade), "new_trade": post(newTrade), "critical_trade": post(criticalTrade),
		"new_field":    ask("/subjects/"+tradesSubject+"/versions/latest", "", known, newField),
		"unfit_schema": unfitProbe,
	}
}

// ingestionMetrics are of the way of a trade from its client to the table.
func ingestionMetrics(a Addresses) map[string]spec.Metric {
	scrape := func(unit string, of spec.TargetName, at, series string, rate bool) spec.Metric {
		s := spec.ScrapeSource{URL: "http://" + at + "/metrics", Series: series, Rate: rate}
		if rate {
			s.Window = window
		}
		return spec.Metric{Unit: unit, Needs: of, Scrape: &s}
	}
	ingest := func(unit, series string, rate bool) spec.Metric {
		return scrape(unit, "ingestion", a.Ingest, series, rate)
	}
	sink := func(series string, rate bool) spec.Metric {
		unit := "records"
		if rate {
			unit = "records/s"
		}
		return scrape(unit, "sink", a.Sink, series, rate)
	}
	share := func(probe, answer string, of spec.TargetName) spec.Metric {
		return spec.Metric{Unit: "share", Needs: of, Probe: &spec.ProbeSource{Name: probe, Measure: spec.MeasureShare, Answer: answer}}
	}
	return map[string]spec.Metric{
		"load_shedding_active": ingest("0 or 1", "ingest_load_shedding_active", false),
		"memory_share":         ingest("share", "ingest_memory_share", false),
		"shed_rate":            ingest("records/s", "ingest_shed_total", true),

		"high_priority_offered_rate": ingest("records/s", "ingest_high_priority_offered_total", true),
		"high_priority_acked_rate":   ingest("records/s", "ingest_high_priority_acked_total", true),
		"high_priority_missed":       ingest("records", "ingest_high_priority_missed_total", false),

		"stored_rate":       sink("sink_rows_written_total", true),
		"rejected_rate":     sink("sink_rejected_total", true),
		"digest_mismatches": sink(`sink_rejected_total{reason="digest_mismatch"}`, false),
		"out_of_band":       sink(`sink_rejected_total{reason="out_of_band"}`, false),
		"undecodable":       sink(`sink_rejected_total{reason="undecodable"}`, false),

		"old_trade_accepted":   share("old_trade", acknowledged, "ingestion"),
		"new_trade_accepted":   share("new_trade", acknowledged, "ingestion"),
		"new_trade_refused":    share("new_trade", refused, "ingestion"),
		"critical_trade_acked": share("critical_trade", acknowledged, "ingestion"),
		"new_field_known":      share("new_field", known, "schema-registry"),
		"incompatible_refused": share("unfit_schema", refused, "schema-registry"),
	}
}
