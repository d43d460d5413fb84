package rule

import (
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
)

func recordKinds() []kind {
	records := map[string]string{"api": "records are in produce and fetch alone: write direction: produce or direction: fetch"}
	row := func(name, summary string, risk faults.Risk, w ways, do RecordFault) kind {
		return kind{
			name: name, summary: summary, risk: risk, serves: true, ways: w, lacks: records,
			fill: func(v params.Values, r *Rule) {
				r.Records = &Records{Do: do, Delay: params.Read(v, "delay", params.Duration)}
			},
		}
	}
	hold := row("kafka.hold", "records, and what follows them in their partition, come later", faults.Caution, ofRecords("fetch", nil), Hold)
	hold.own = []faults.Parameter{params.New("delay", "how much later", "", params.Duration)}
	hold.fits = func(v params.Values) error { return params.Missing(v, "delay", "delay: 2s") }
	return []kind{
		hold,
		row("kafka.drop", "records are not there: on fetch a gap of offsets, on produce never appended though acknowledged", faults.Dangerous, ofRecords("fetch", nil), Drop),
		row("kafka.swap_values", "the values of two fetched records of a partition change places", faults.Dangerous,
			ofRecords("fetch", map[string]string{"produce": "records that are produced change places whole: write kafka.reorder"}), SwapValues),
		row("kafka.reorder", "two produced records of a batch change places", faults.Dangerous,
			ofRecords("produce", map[string]string{"fetch": "a client takes records in the order of their offsets: write kafka.swap_values"}), Reorder),
		row("kafka.duplicate", "produced records are appended once more", faults.Dangerous,
			ofRecords("produce", map[string]string{"fetch": "clients skip a record that they have seen, and nothing would come of it: write direction: produce"}), Duplicate),
	}
}
