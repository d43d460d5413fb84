package schema

func documentHelp() map[string]entry {
	return map[string]entry{
		"spec.Document": {"One experiment: what is broken, what the system is claimed to keep, and by when it is back. The same shape is YAML in a file and JSON on the wire.", fields{
			"faultline":       {"Version of this format. Write v1.", ""},
			"title":           {"What the experiment is about, in a few words.", ""},
			"description":     {"Why it is run and what happens, for readers.", ""},
			"system":          {"What is claimed to survive, such as K2 ingestion.", ""},
			"environment":     {"Where it may run. It must be the platform's environment. Production is refused unless the policy names it and a second person approved.", ""},
			"blast_radius":    {"How much it may touch at once. isolated, the default, is one target and one live fault at a time over all steps; several leaves the numbers to the limits of the policy.", ""},
			"labels":          {"Names and values to find the experiment by.", ""},
			"hypothesis":      {"What is claimed to stay or come back, and by when.", ""},
			"expected_impact": {"What is seen when the fault bites. Where it is not seen, the verdict is inconclusive.", ""},
			"steps":           {"The faults, in order. At least one; kind none makes a control experiment.", ""},
			"rollback_when":   {"Rollback triggers: rules that end the experiment early when true. Absent means the methodology's three: error_rate > 0.20, availability < 0.95, response_time > 5.0. An empty list means none.", ""},
			"baseline":        {"How long and how often metrics are read before injection.", ""},
			"limits":          {"What the experiment may take at most.", ""},
			"books":           {"Name of the flow, from the platform's books, whose records are counted one by one.", ""},
			"metrics":         {"Metrics beside those of the platform, by name.", ""},
			"profiles":        {"Other times for the same experiment, by name; --profile takes one of them.", ""},
		}},
		"spec.Hypothesis": {"What is claimed: rules that hold while the fault is there, rules that hold before it and again after it, by when, and the loss allowed.", fields{
			"claim":           {"The claim in one sentence.", ""},
			"maintains":       {"Rules that hold even while the fault is there.", ""},
			"steady_state":    {"Rules that hold before the fault, and again when the target has recovered. At least one.", ""},
			"recovers_within": {"How long the way back to steady state may take, from rollback.", ""},
			"healthy":         {"Names of the platform's services that must be healthy for recovery.", ""},
			"tolerates":       {"How much data may go missing. It needs books.", ""},
		}},
		"spec.Loss": {"How much of the data may go missing or wrong, counted record by record.", fields{
			"loss_fraction": {"(taken - stored - dead-lettered - shed) / taken, from 0 to 1.", "share"},
			"lost_acked":    {"How many records may be lost after they were acknowledged.", "records"},
			"altered":       {"How many may be stored otherwise than they were sent. Absent means none.", "records"},
			"false_rejects": {"How many dead letters may be of records that no fault touched. Absent means any number.", "records"},
		}},
		"spec.Impact": {"What the fault is expected to do. A fault that does nothing proves nothing.", fields{
			"rule":     {"CEL expression that is true once the fault has its effect, such as ingestion_rate < 0.5 * baseline.ingestion_rate.", ""},
			"within":   {"How soon it must be seen after injection. Absent means limits.max_fault_life.", ""},
			"optional": {"true: an effect that is not seen does not make the verdict inconclusive.", ""},
		}},
		"spec.Rule": {"A CEL expression with a name to call it by. It may be plain text; then the expression is its name.", fields{
			"name": {"What the rule says, in words. Absent means the expression.", ""},
			"rule": {"CEL expression over metrics and baseline.<metric>, such as error_rate <= 0.01.", ""},
		}},
		"spec.Step": {"One fault, for how long, and what it waits for.", fields{
			"id":    {"Name of the step inside the document. Every event of the step carries it.", ""},
			"fault": {"What is done, to what.", ""},
			"for":   {"How long the fault stays once it was seen. Absent means until the experiment ends, and never longer than limits.max_fault_life.", ""},
			"after": {"Steps above this one that must be over first: gone where they have a time, seen where they stay. Absent means the step before in the list; an empty list means at once.", ""},
		}},
		"spec.Fault": {"The thing done to a target.", fields{
			"kind":   {"Kind of fault.", ""},
			"target": {"Name of a target of the platform.", ""},
			"with":   {"Parameters of the kind, as text.", ""},
		}},
		"spec.Baseline": {"How long and how often metrics are read before injection.", fields{
			"duration":  {"How long. Absent means 5m.", ""},
			"every":     {"How often. Absent means 10s.", ""},
			"tolerance": {"Share by which a metric may leave its baseline. Absent means 0.10.", "share"},
		}},
		"spec.Limits": {"Bounds on what an experiment may take.", fields{
			"max_fault_life":   {"After this a fault is undone, whoever is alive. Absent means 5m.", ""},
			"recovery_timeout": {"How long recovery is waited for. Absent means 5m.", ""},
			"publisher_lease":  {"For how long the publisher may be silent, from the baseline to the rollback, before its experiment is aborted; it speaks by the command experiment.keep. Longer than the Kafka that carries the commands may be away. Absent means that it need not speak.", ""},
			"trigger_grace":    {"How long a rollback trigger may be unknown before it counts as fired. Absent means 30s.", ""},
		}},
		"spec.Profile": {"Another set of times for the same experiment. What it leaves out stays as in the document.", fields{
			"baseline":        {"Instead of the document's baseline, field by field.", ""},
			"limits":          {"Instead of the document's limits, field by field.", ""},
			"recovers_within": {"Instead of hypothesis.recovers_within.", ""},
			"impact_within":   {"Instead of expected_impact.within.", ""},
			"for":             {"Instead of a step's for, by the step's id.", ""},
		}},
	}
}
