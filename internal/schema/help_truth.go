package schema

func truthHelp() map[string]entry {
	return map[string]entry{
		"truth.Entries": {"Some of what one life of the Kafka fault proxy did to the records of one experiment. The same entries may come twice, also in records cut otherwise: leave out each whose seq is not above those that came before of its run and experiment.", fields{
			"experiment": {"Id of the experiment.", ""},
			"run":        {"Names the life of the proxy.", ""},
			"entries":    {"The entries, seq rising; at least one.", ""},
		}},
		"truth.Entry": {"One record that a fault touched. It was on the proxy's disk before the record was passed on; where the proxy died between the two, the record was not passed on and the entry is there.", fields{
			"run":        {"Names the life of the proxy.", ""},
			"seq":        {"Number of the entry: counts from 1 without a hole, over all experiments of the run.", ""},
			"experiment": {"Id of the experiment.", ""},
			"step":       {"Id of the step.", ""},
			"receipt":    {"Id of the receipt in the agent's ledger.", ""},
			"fault":      {"Kind of the fault, such as kafka.corrupt.", ""},
			"what":       {"What was done, such as price_value_swap.", ""},
			"topic":      {"Topic of the record.", ""},
			"partition":  {"Its partition.", ""},
			"offset":     {"Its offset; -1 where it never got one, or the broker's word of it was lost.", ""},
			"batch":      {"Number of the produced batch in the run.", ""},
			"index":      {"Place of the record in its produced batch, from 0.", ""},
			"way":        {"produce or fetch.", ""},
			"client":     {"Client id of who produced or fetched it.", ""},
			"before":     {"SHA-256 of key, value and headers as they came, in hex; empty where there was no record.", ""},
			"after":      {"The same as they were passed on; empty where there is none any more.", ""},
			"at":         {"When it was written to the proxy's disk.", ""},
		}},
		"truth.Closed": {"A fault was lifted. It has so many entries: who has fewer lacks some. It comes after all of them.", fields{
			"written": {"Entries of the receipt, over all runs.", "entries"},
			"runs":    {"How many each life of the proxy wrote; those that wrote none are absent.", ""},
			"at":      {"When it was lifted.", ""},
		}},
		"truth.Receipt": {"One fault whose touched records are told.", fields{
			"receipt":    {"Id of the receipt in the agent's ledger.", ""},
			"experiment": {"Id of the experiment.", ""},
			"step":       {"Id of the step.", ""},
			"fault":      {"Kind of the fault, such as kafka.corrupt.", ""},
		}},
		"truth.RunPart": {"What one life of the proxy wrote of a receipt.", fields{
			"run":     {"Names the life of the proxy.", ""},
			"written": {"Entries that it wrote.", "entries"},
			"last":    {"seq of the last of them.", ""},
		}},
	}
}
