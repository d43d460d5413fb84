package schema

func eventHelp() map[string]entry {
	return map[string]entry{
		"events.ExperimentScheduled": {"A document was accepted.", fields{
			"document": {"The experiment, with defaults filled in.", ""},
			"by":       {"Who asked.", ""},
			"i_know":   {"true: the requester acknowledged its risk.", ""},
		}},
		"events.ExperimentDenied": {"An experiment may not run here.", fields{
			"by":      {"Who denied it.", ""},
			"reasons": {"Why not, one sentence each.", ""},
		}},
		"events.CommandRefused": {"A command changed nothing.", fields{
			"command": {"Id of the command.", ""},
			"type":    {"Type of the command.", ""},
			"by":      {"Who sent it.", ""},
			"why":     {"Why it was refused.", ""},
		}},
		"events.BaselineStarted": {"Readings are being taken.", fields{
			"books": {"Where the record accounting begins. Absent where the document has no books.", ""},
		}},
		"events.BaselineEstablished": {"What was normal before injection.", fields{
			"metrics": {"What was read of each metric, by its name.", ""},
			"windows": {"How many windows the baseline had.", "windows"},
			"broken":  {"How many of them broke the steady state.", "windows"},
		}},
		"events.FaultInjectionRequested": {"Asks the agent that owns the target to break it.", fields{
			"step":     {"Id of the step.", ""},
			"fault":    {"What is done, to what.", ""},
			"max_life": {"After this the fault is undone, whoever is alive.", ""},
		}},
		"events.FaultInjected": {"The fault was seen on its target.", fields{
			"step":    {"Id of the step.", ""},
			"receipt": {"Id of the receipt in the agent's ledger.", ""},
			"seen_at": {"When the fault was seen.", ""},
		}},
		"events.FaultInjectionFailed": {"The fault is not there.", fields{
			"step": {"Id of the step.", ""},
			"why":  {"What went wrong.", ""},
		}},
		"events.RequestRefused": {"An agent did not do what it was asked for.", fields{
			"agent": {"Name of the agent.", ""},
			"what":  {"What it was asked for.", ""},
			"from":  {"Who asked, as the request says.", ""},
			"why":   {"Why it refused.", ""},
		}},
		"events.RollbackTriggered": {"A rule ended the experiment early.", fields{
			"rule":     {"CEL expression of the trigger.", ""},
			"answer":   {"holds, or unknown for longer than its grace.", ""},
			"values":   {"Metrics that the rule saw, by name.", "of each metric"},
			"read_at":  {"Time of the reading that decided.", ""},
			"observed": {"Number (seq) of the tick that decided.", ""},
		}},
		"events.RollbackRequested": {"Asks the agent to undo one step's fault.", fields{
			"step":   {"Id of the step.", ""},
			"cause":  {"Why it is rolled back.", ""},
			"reason": {"More about the cause, in words.", ""},
		}},
		"events.FaultRolledBack": {"The fault was seen gone.", fields{
			"step":    {"Id of the step.", ""},
			"cause":   {"Why it was rolled back.", ""},
			"seen_at": {"When it was seen gone.", ""},
			"why":     {"More about the cause, in words.", ""},
		}},
		"events.RollbackStuck": {"A fault could not be undone.", fields{
			"step":   {"Id of the step.", ""},
			"why":    {"What went wrong.", ""},
			"manual": {"What to run by hand.", ""},
		}},
		"events.ClaimJudged": {"The answer to one claim of the document.", fields{
			"claim":  {"Part of the document that was judged.", ""},
			"rule":   {"CEL expression of the claim.", ""},
			"answer": {"What the rule says.", ""},
			"at":     {"When it was settled, in event time.", ""},
			"values": {"Metrics that the rule saw, by name.", "of each metric"},
			"detail": {"More about the answer, in words.", ""},
		}},
		"events.RecoveryMeasured": {"How the target came back. Times are absent where it did not.", fields{
			"recovered":      {"Whether it came back.", ""},
			"from_injection": {"From injection to recovery; self-healing counts.", ""},
			"from_rollback":  {"From rollback to recovery.", ""},
			"why":            {"Why it did not recover.", ""},
			"user_impact":    {"What clients of the system saw meanwhile.", ""},
		}},
		"events.UserImpact": {"What clients of the system saw between injection and recovery. What was not measured is absent.", fields{
			"min_availability":  {"Lowest availability, from 0 to 1.", "share"},
			"max_error_rate":    {"Highest error rate, from 0 to 1.", "share"},
			"max_response_time": {"Longest response time.", "s"},
			"max_data_age":      {"Greatest age of the data that was served.", "s"},
			"max_ingestion_gap": {"Longest time between two acknowledgements at the producer.", "s"},
		}},
		"events.BookMark": {"A place in the flow of records, and the table's snapshot at that moment.", fields{
			"taken":    {"Records taken until then.", "records"},
			"snapshot": {"Id of the Iceberg snapshot; 0 where there was none.", ""},
		}},
		"events.BooksClosed": {"The account of every record of the experiment's window. What could not be read leaves balanced false and says so in why.", fields{
			"from":            {"Where the window begins.", ""},
			"to":              {"Where the window ends.", ""},
			"during_snapshot": {"Id of an Iceberg snapshot made while the fault was there; 0 for none.", ""},
			"taken":           {"Records taken in the window.", "records"},
			"stored":          {"Of those, records in the table.", "records"},
			"dead_lettered":   {"Of those, records in the dead-letter topic.", "records"},
			"dropped":         {"Of those, records that the service gave up on purpose, and counted, before it published them.", "records"},
			"lost_acked":      {"Of those, records that were acknowledged and went missing.", "records"},
			"lost":            {"Of those, records that went missing: neither stored, nor dead-lettered, nor dropped.", "records"},
			"stored_twice":    {"Of those, records that stand more than once in the table.", "records"},
			"loss_fraction":   {"(taken - stored - dead-lettered) / taken, from 0 to 1.", "share"},
			"balanced":        {"Whether every record is accounted for.", ""},
			"examples":        {"Keys of some records that went missing.", ""},
			"why":             {"Why the books could not be closed or do not balance.", ""},
		}},
		"events.Concluded": {"The one verdict of the experiment.", fields{
			"verdict": {"What the experiment showed of its hypothesis.", ""},
			"aborted": {"true: it was ended early by an abort or a halt.", ""},
			"reasons": {"Why this verdict, one sentence each.", ""},
		}},
		"events.NoteAdded": {"A finding or an improvement was attached to the experiment.", fields{
			"kind":   {"What the note is.", ""},
			"text":   {"The note.", ""},
			"by":     {"Who wrote it.", ""},
			"event":  {"Version of the batch that the note speaks of; absent for the experiment as a whole.", ""},
			"column": {"Column of the outcome tables that the note speaks of.", ""},
		}},
		"events.Distribution": {"What is kept of a metric's readings. Where n is 0 no other figure says anything.", fields{
			"n":      {"How many readings there were.", "readings"},
			"mean":   {"Mean.", "the metric's"},
			"stddev": {"Standard deviation.", "the metric's"},
			"min":    {"Least.", "the metric's"},
			"median": {"Median.", "the metric's"},
			"p95":    {"95th percentile.", "the metric's"},
			"p99":    {"99th percentile.", "the metric's"},
			"max":    {"Greatest.", "the metric's"},
		}},
		"events.Reading": {"One number with its time.", fields{
			"metric": {"Name of the metric.", ""},
			"value":  {"The number.", "the metric's"},
			"at":     {"When it was read.", ""},
		}},
		"events.Gap": {"Readings of a stretch of time are missing from the log. What needed them is unknown.", fields{
			"from": {"Begin of the stretch.", ""},
			"to":   {"End of the stretch.", ""},
			"why":  {"Why they are missing.", ""},
		}},
		"events.Tick": {"One beat of an experiment's clock, one each second, with the readings that came since the beat before. It is recorded even when it brings none, so that silence is seen.", fields{
			"experiment": {"Id of the experiment.", ""},
			"seq":        {"Number of the tick: counts from 1 without a hole.", ""},
			"at":         {"Time of the tick.", ""},
			"version":    {"Version of the state that the judge knew at that moment.", ""},
			"readings":   {"What was read since the tick before.", ""},
			"gap":        {"Says that readings did not reach the log.", ""},
		}},
	}
}
