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

// ingestionProbes are clients that send trades, and one that asks the registry
// what it would take.
func ingestionProbes(a Addresses) map[string]spec.Probe {
	post := func(body string, status int, contains string) spec.Probe {
		return spec.Probe{
			URL: "http://" + a.Ingest + "/v1/trades", Post: body, Timeout: moment, Status: status, Contains: contains, Window: moment,
		}
	}
	subject := a.registry() + "/subjects/" + tradesSubject
	return map[string]spec.Probe{
		"old_trade":      post(oldTrade, http.StatusOK, `"acknowledged":true`),
		"new_trade":      post(newTrade, http.StatusOK, `"acknowledged":true`),
		"new_trade_no":   post(newTrade, http.StatusUnprocessableEntity, `"schema_validation"`),
		"critical_trade": post(criticalTrade, http.StatusOK, `"acknowledged":true`),
		"new_field":      {URL: subject + "/versions/latest", Timeout: moment, Status: http.StatusOK, Contains: newField, Window: moment},
		"unfit_schema": {
			URL: a.registry() + "/compatibility/subjects/" + tradesSubject + "/versions/latest", Post: unfit, Timeout: moment,
			Status: http.StatusOK, Contains: `"is_compatible":false`, Window: window,
		},
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
	ingest := func(unit, series string, rate bool) spec.Metric { return scrape(unit, "ingestion", a.Ingest, series, rate) }
	sink := func(series string, rate bool) spec.Metric {
		unit := "records"
		if rate {
			unit = "records/s"
		}
		return scrape(unit, "sink", a.Sink, series, rate)
	}
	met := func(probe string, of spec.TargetName) spec.Metric {
		return spec.Metric{Unit: "share", Needs: of, Probe: &spec.ProbeSource{Name: probe, Measure: "success_rate"}}
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

		"old_trade_accepted":   met("old_trade", "ingestion"),
		"new_trade_accepted":   met("new_trade", "ingestion"),
		"new_trade_refused":    met("new_trade_no", "ingestion"),
		"critical_trade_acked": met("critical_trade", "ingestion"),
		"new_field_known":      met("new_field", "schema-registry"),
		"incompatible_refused": met("unfit_schema", "schema-registry"),
	}
}
